"""The inbox's lines: from records to what a list shows."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from console.files import accepted
from console.services import InboxState, Services
from console.views import part
from storage import listings
from storage.listings import Row
from storage.models import Activity, Contact, Conversation, Owner, Status

SOON = timedelta(seconds=100)
"""A customer who waits longer than this is pointed out."""
LATE = timedelta(minutes=5)
"""A customer who waits longer than this waits too long."""
FIRST = 1e10
"""Seconds by which an urgent customer comes before everybody who waits."""
BATCHES = 64


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the inbox, ready to be shown."""

    row: Row
    channel: str
    inbox: str
    since: datetime | None
    urgency: str
    """`late`, `soon` or nothing."""
    sort: float
    """Where the line belongs, in seconds: since when it waits, or when it was last active."""


def line_of(row: Row, states: Mapping[str, InboxState], now: datetime) -> Line:
    """Return the line of one conversation."""
    conversation = row.conversation
    state = states.get(conversation.inbox)
    waits = conversation.status is not Status.RESOLVED and conversation.owner is not Owner.BOT
    since = conversation.waiting_since if waits else None
    waiting = now - since if since else timedelta()
    queued = (conversation.waiting_since or conversation.opened_at).timestamp()
    if conversation.urgent:
        queued -= FIRST
    return Line(
        row,
        channel=state.channel if state else "webhook",
        inbox=state.label if state else conversation.inbox,
        since=since,
        urgency="late" if waiting >= LATE else "soon" if waiting >= SOON else "",
        sort=queued
        if conversation.owner is Owner.QUEUE
        else conversation.last_activity_at.timestamp(),
    )


def lines_of(found: Services, page: Sequence[Row]) -> list[Line]:
    """Return the lines of some conversations."""
    states, now = inboxes(found), found.clock()
    return [line_of(row, states, now) for row in page]


def inboxes(found: Services) -> dict[str, InboxState]:
    """Return the connected accounts by name."""
    return {state.inbox: state for state in found.inboxes()}


def place_of(found: Services, conversation: Conversation) -> dict[str, Any]:
    """Return what the conversation's inbox can do with messages and files."""
    state = inboxes(found).get(conversation.inbox)
    takes = state.takes if state is not None else {}
    return {
        "parks": state is not None and state.parks,
        "fetches": state is not None and state.fetches,
        "largest": max((each.largest for each in takes.values()), default=0),
        "accepts": accepted(takes),
        "present": state is not None and state.present,
        "notices": state.notices if state is not None else {},
        "types": state is not None and state.types,
    }


def is_present(found: Services, conversation: Conversation) -> bool:
    """Say whether customer and agent see of each other that they type and read."""
    state = inboxes(found).get(conversation.inbox)
    return state is not None and state.present


def tail(contact: Contact) -> str:
    """Return what tells nameless contacts apart; never a platform's own id."""
    return contact.id.hex[-4:].upper()


async def render_rows(
    found: Services, locale: str, conversation_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return the lines of some conversations as HTML."""
    page = await found.db.read(listings.rows_of, conversation_ids)
    return {
        line.row.conversation.id: part(
            locale, "inbox/row.html", {"line": line, "now": found.clock(), "address": ""}
        )
        for line in lines_of(found, page)
    }


class Rendered:
    """Lines that changed, rendered once for each language and not once for each reader."""

    def __init__(self) -> None:
        self._batches: OrderedDict[tuple[int, int, str], asyncio.Task[dict[UUID, str]]] = (
            OrderedDict()
        )

    async def of(self, found: Services, locale: str, batch: Sequence[Activity]) -> dict[UUID, str]:
        """Return the lines of the conversations that `batch` tells of."""
        key = (batch[0].id or 0, batch[-1].id or 0, locale)
        if key not in self._batches:
            ids = {fact.conversation_id for fact in batch if fact.conversation_id is not None}
            self._batches[key] = asyncio.create_task(render_rows(found, locale, ids))
            while len(self._batches) > BATCHES:
                self._batches.popitem(last=False)
        return await asyncio.shield(self._batches[key])
