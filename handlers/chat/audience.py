"""Which entries of the knowledge base a customer gets, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from channels.cards import carded
from channels.message import Part
from faq.matcher import Decision, Entry
from faq.modes import admitted
from handlers.base import Turn


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
    """Return the entry's answer in the customer's language, or in the one there is."""
    return carded(entry.answer(turn.language, turn.channel) or entry.question)
