"""Joins what a platform brings piece by piece though the customer sent it at once: an album.

Nothing says which piece is the last one, so that an album is whole when nothing more of it came for
a moment. All pieces are stored events of one lane: they are joined whoever thinks about them, also
after a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from channels.message import IncomingMessage, joined
from storage import transport
from storage.models import InboundEvent
from storage.records import Connection

REST = timedelta(seconds=1)
"""How long nothing more of an album came when it is taken to be whole."""
FAR = 10 * REST
"""How far the clocks of two processes are never apart."""
MOST = 10
"""How many pieces make an album at most."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message as far as it came, the events behind the first of it, and until when to wait."""

    message: IncomingMessage
    others: Sequence[InboundEvent] = ()
    wait_until: datetime | None = None


def message_of(event: InboundEvent) -> IncomingMessage | None:
    """Return what a stored event says, None if it cannot be read any more."""
    try:
        return IncomingMessage.model_validate(event.payload)
    except ValidationError:
        return None


def gather(
    connection: Connection, event: InboundEvent, message: IncomingMessage, now: datetime
) -> Gathered:
    """Return a lane's next message with all that belongs to its album."""
    if message.album is None:
        return Gathered(message)
    pieces, others = [message], []
    behind = transport.following(connection, event, MOST - 1)
    for later in behind:
        piece = message_of(later)
        if piece is None or piece.album != message.album or piece.address != message.address:
            break
        pieces.append(piece)
        others.append(later)
    whole = len(others) < len(behind) or len(pieces) == MOST
    until = max(one.received_at for one in (event, *others)) + REST
    # What came far in the future came before the clock was set back.
    waits = not whole and now < until < now + FAR
    return Gathered(joined(pieces), others, until if waits else None)
