"""How the questions of the last weeks ended, without their words: read once, then what went on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from handlers.desk.asked import End, asked
from handlers.desk.gaps import BATCH, MOST_FACTS, WINDOW
from storage import verdicts
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Ended:
    """One question's end: the matcher's first entry, how sure it was, and whether it was right."""

    at: datetime
    end: End
    entry: str | None
    confidence: float
    verdict: bool | None


class Lately:
    """Remembers the ends by conversation; one with a new message is read again."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[int, Sequence[Ended]]] = {}

    async def ends(self, db: Database, now: datetime) -> list[Ended]:
        """Return the ends of the last weeks' questions, those of new threads first."""
        talks = await db.read(verdicts.last_positions, now - WINDOW, MOST_FACTS)
        known = {key: one for key, one in self._known.items() if talks.get(key) == one[0]}
        new = [key for key in talks if key not in known]
        for start in range(0, len(new), BATCH):
            known |= await db.read(_read, {key: talks[key] for key in new[start : start + BATCH]})
        self._known = known
        ordered = (known[key][1] for key in talks if key in known)
        return [one for ends in ordered for one in ends if one.at >= now - WINDOW]


def _read(session: Session, talks: dict[UUID, int]) -> dict[UUID, tuple[int, Sequence[Ended]]]:
    found: dict[UUID, tuple[int, Sequence[Ended]]] = {}
    for thread in verdicts.threads(session, list(talks)):
        ends = [Ended(o.at, o.end, o.entry, o.confidence, o.verdict) for o in asked(thread)]
        found[thread.conversation_id] = talks[thread.conversation_id], ends
    return found
