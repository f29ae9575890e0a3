"""Which entries of the knowledge base a customer gets, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from channels.cards import carded
from channels.files import OURS, kind_for
from channels.message import Media, Part, Text
from faq.matcher import Decision, Entry
from faq.modes import admitted
from handlers.base import Turn
from handlers.chat.texts import say
from storage.rules import Attachment


class Answers(Protocol):
    """What knows: `faq.knowledge.KnowledgeBase`, or a fake in a test."""

    async def decide(self, text: str) -> Decision:
        """Decide about one question."""
        ...

    def entry(self, entry_id: str) -> Entry | None:
        """Return one live entry."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Return the live entries."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What the firm's own website says of a customer, signed: tags, and a level from 0 on."""

    tags: tuple[str, ...] = ()
    level: int = 0


def standing(turn: Turn) -> Standing:
    """Return a customer's standing; of whom nobody vouches for, there is none."""
    said = (turn.person.attributes if turn.person is not None else None) or {}
    tags = said.get("tags")
    level = said.get("level")
    return Standing(
        tuple(tag.strip() for tag in tags.split(",")) if isinstance(tags, str) else (),
        level if isinstance(level, int) else 0,
    )


async def decide(answers: Answers, turn: Turn, text: str) -> Decision:
    """Decide about a question with the entries that are for this customer now."""
    who = standing(turn)
    return admitted(await answers.decide(text), who.tags, who.level, turn.now)


def entry_for(answers: Answers, turn: Turn, entry_id: str) -> Entry | None:
    """Return a live entry if it is for this customer now."""
    entry, who = answers.entry(entry_id), standing(turn)
    if entry is None or not entry.rules.is_valid(turn.now):
        return None
    return entry if entry.rules.admits(who.tags, who.level) else None


def words_of(entry: Entry, turn: Turn) -> tuple[Part, ...]:
    """Return the entry's answer in the customer's language, or in the one there is, and its files.

    A file that the channel does not take is named, with an address where there is one.
    """
    code, text = entry.answered(turn.language, turn.channel)
    files = [file for file in entry.rules.files if file.goes_with(code, turn.channel)]
    parts = [_sent(file, turn) for file in files]
    named = [part for part in parts if isinstance(part, Text)]
    shown = [part for part in parts if not isinstance(part, Text)]
    return (*carded(text or entry.question), *named, *shown)


def _sent(file: Attachment, turn: Turn) -> Part:
    kind = kind_for(turn.takes, file.type, file.size)
    if kind is not None:
        return Media(kind=kind, ref=OURS + file.id, name=file.name, size=file.size)
    if turn.files_at:
        url = f"{turn.files_at}{file.id}"
        return Text(text=say("file_at", turn.language, name=file.name, url=url))
    return Text(text=say("file_not_here", turn.language, name=file.name))
