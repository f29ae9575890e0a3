"""How a visitor's matter stands: who has it, which place in line, how far the desk has read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session

from console.live import Live
from storage import conversations, listings, marks
from storage.database import Database
from storage.models import Fact, Owner

MOVES_THE_LINE = frozenset(
    {
        Fact.CONVERSATION_HANDED_OFF,
        Fact.CONVERSATION_TAKEN,
        Fact.CONVERSATION_HANDED_BACK,
        Fact.CONVERSATION_RESOLVED,
    }
)


@dataclass(frozen=True, slots=True)
class Status:
    """What a visitor may know of it; nothing that tells of other customers but their number."""

    owner: str | None = None
    """bot, queue or agent; None while nothing is open."""
    place: int | None = None
    """Which one in line, for who waits for a person; the first is 1."""
    name: str | None = None
    """The display name of who answers."""
    read: int = 0
    """The last position that the desk has seen."""

    def told(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return asdict(self)


class Line:
    """Who waits for a person, read once for all who ask for their place."""

    def __init__(self, db: Database, live: Live) -> None:
        self._db, self._live = db, live
        self._at = -1
        self._reading: asyncio.Task[Mapping[UUID, int]] | None = None

    async def place(self, conversation_id: UUID) -> int | None:
        """Return which one in line this is, None if it does not wait any more."""
        known = await self._places(self._live.last)
        if conversation_id not in known:
            # It joined after the log was read last.
            known = await self._places(-1)
        return known.get(conversation_id)

    async def _places(self, at: int) -> Mapping[UUID, int]:
        failed = self._reading and self._reading.done() and self._reading.exception()
        if self._reading is None or failed or self._at != at or at < 0:
            self._at, self._reading = at, asyncio.create_task(self._read())
        return await asyncio.shield(self._reading)

    async def _read(self) -> Mapping[UUID, int]:
        waiting = await self._db.read(listings.queue)
        return {conversation_id: place for place, conversation_id in enumerate(waiting, 1)}


async def status_of(db: Database, line: Line, inbox: str, visitor: str) -> Status:
    """Return how a visitor's matter stands now."""
    conversation_id, status = await db.read(_standing, inbox, visitor)
    if conversation_id is None or status.owner != Owner.QUEUE.value:
        return status
    return replace(status, place=await line.place(conversation_id))


def _standing(session: Session, inbox: str, visitor: str) -> tuple[UUID | None, Status]:
    read = marks.of(session, inbox, visitor).by_agent
    talk = conversations.find_open(session, inbox, visitor)
    if talk is None:
        return None, Status(read=read)
    name = None
    if talk.owner is Owner.AGENT and talk.assignee_id is not None:
        name = listings.agents_of(session, [talk.assignee_id])[talk.assignee_id].display_name
    return talk.id, Status(talk.owner.value, None, name, read)
