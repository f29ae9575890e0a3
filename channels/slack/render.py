"""From what we say to posts on Slack: escaped text, buttons where they fit, files between them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from channels import text as house
from channels.message import Choices, Media, Part
from channels.slack.markup import escape

TEXT_LIMIT = 4000
MAX_CHOICES = 25
LONGEST_PROMPT = 3000
LONGEST_LABEL = 75
LONGEST_VALUE = 2000
LONGEST_BLOCKS = 12_000
"""Characters of all blocks together: from about 13,000 on Slack refuses the post."""

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Post:
    """One call of `chat.postMessage`; `text` is escaped, and is what notifications show."""

    text: str
    blocks: tuple[Block, ...] = ()


def render(parts: Sequence[Part]) -> tuple[Post | Media, ...]:
    """Return the posts and files that say `parts`, in order, in as few posts as hold them.

    Parts in a row without buttons share one; a short text and the buttons behind it share one,
    so that an answer and its question arrive together or not at all.
    """
    pieces: list[Post | Media] = []
    waiting: list[Part] = []
    for part in parts:
        if isinstance(part, Media):
            pieces += [*_texts(waiting), part]
        elif isinstance(part, Choices) and fits(part):
            pieces += _asked(waiting, part)
        else:
            waiting.append(part)
            continue
        waiting = []
    return (*pieces, *_texts(waiting))


def fits(choices: Choices) -> bool:
    """Can these be buttons? If not, they are a numbered list."""
    return (
        0 < len(choices.options) <= MAX_CHOICES
        and len(choices.prompt.strip()) > 0
        and len(escape(choices.prompt)) <= LONGEST_PROMPT
        and _is_small(_buttons(choices))
        and all(
            option.label.strip()
            and len(option.label) <= LONGEST_LABEL
            and 0 < len(option.value) <= LONGEST_VALUE
            for option in choices.options
        )
    )


def _is_small(post: Post) -> bool:
    return len(json.dumps(post.blocks, ensure_ascii=False)) <= LONGEST_BLOCKS


def _asked(before: Sequence[Part], choices: Choices) -> Iterator[Post]:
    lead = house.plain(before).strip()
    together = _buttons(choices, lead)
    fit = len(escape(lead)) + len(escape(choices.prompt)) < LONGEST_PROMPT
    if fit and _is_small(together):
        yield together
    else:
        yield from _texts(before)
        yield _buttons(choices)


def _texts(parts: Sequence[Part]) -> Iterator[Post]:
    return (Post(piece) for piece in _pieces(house.plain(parts), TEXT_LIMIT))


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Cut before escaping, so that no entity is cut; what grows too much is cut again."""
    for piece in house.split(text, limit):
        escaped = escape(piece)
        if len(escaped) <= TEXT_LIMIT:
            yield escaped
        else:
            yield from _pieces(piece, limit // 2)


def _buttons(choices: Choices, lead: str = "") -> Post:
    said = [lead, choices.prompt] if lead else [choices.prompt]
    sections: list[Block] = [
        {"type": "section", "text": {"type": "plain_text", "text": words, "emoji": False}}
        for words in said
    ]
    actions: Block = {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": f"choice:{number}",
                "text": {"type": "plain_text", "text": option.label, "emoji": False},
                "value": option.value,
            }
            for number, option in enumerate(choices.options)
        ],
    }
    return Post(escape("\n".join(said)), (*sections, actions))
