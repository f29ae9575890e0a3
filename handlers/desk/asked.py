"""What became of each question to the bot: was it answered, and did the answer help?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from channels.message import Text
from storage.models import Author
from storage.verdicts import Said, Thread

End = Literal["missed", "unclicked", "handed_over", "voted_down", "answered", "chosen", "helped"]
GAPS: frozenset[End] = frozenset({"missed", "unclicked", "handed_over", "voted_down"})
"""The ends after which an editor is wanted."""
_SAID_NOTHING = frozenset(
    {"empty", "greeting", "small-talk", "timeout", "not-ready", "outdated", "error"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the bot and its end.

    `entry` is the matcher's first, `confidence` how sure it was of it, `right` the one that the
    customer confirmed. `waited` is until an agent answered with `reply_id`, in seconds.
    """

    message_id: UUID
    conversation_id: UUID
    inbox: str
    name: str
    text: str
    at: datetime
    end: End
    entry: str | None = None
    confidence: float = 0.0
    right: str | None = None
    waited: float | None = None
    reply_id: UUID | None = None

    @property
    def verdict(self) -> bool | None:
        """Whether the matcher's first entry was right, None where nobody said."""
        if self.right is not None:
            return self.right == self.entry
        return False if self.end in {"handed_over", "voted_down"} else None


def asked(thread: Thread) -> list[Asked]:
    """Return the questions that the bot decided about in a thread."""
    return list(_asked(thread))


def _asked(thread: Thread) -> Iterator[Asked]:
    said = thread.said
    decided = [at for at, one in enumerate(said) if _decides(one)]
    for number, at in enumerate(decided):
        question = _question(said[:at])
        if question is None:
            continue
        until = decided[number + 1] if number + 1 < len(decided) else len(said)
        following = [one for one in said[at + 1 : until] if one.author is Author.BOT]
        why = said[at].why
        first = (why.get("candidates") or [{}])[0].get("id")
        end, right = _end(why, first, following)
        reply = next((one for one in said[at + 1 :] if one.author is Author.AGENT), None)
        yield Asked(
            question.id,
            thread.conversation_id,
            thread.inbox,
            thread.name,
            _words(question),
            question.at,
            end,
            first,
            float(why.get("confidence", 0.0)),
            right,
            None if reply is None else (reply.at - question.at).total_seconds(),
            None if reply is None else reply.id,
        )


def _decides(one: Said) -> bool:
    is_matchers = one.author is Author.BOT and "band" in one.why
    return is_matchers and one.why.get("route") not in _SAID_NOTHING


def _question(before: Sequence[Said]) -> Said | None:
    last = next((one for one in reversed(before) if one.author is Author.CONTACT), None)
    return last if last is not None and _words(last) else None


def _words(one: Said) -> str:
    return "\n".join(part.text for part in one.parts if isinstance(part, Text)).strip()


def _end(
    why: dict[str, object], first: str | None, after: Sequence[Said]
) -> tuple[End, str | None]:
    words = after[0].why if after else {}
    handler, reason = words.get("handler"), words.get("reason")
    if why["band"] == "handoff" or first is None:
        return "missed", None
    if why["band"] == "suggest":
        if handler == "chosen" and isinstance(words.get("entry"), str):
            return "chosen", str(words["entry"])
        return "unclicked", None
    if handler == "helped":
        return "helped", first
    if handler == "not_helped" or reason == "not_helped":
        return "voted_down", None
    if handler == "handoff":
        return "handed_over", None
    return "answered", None
