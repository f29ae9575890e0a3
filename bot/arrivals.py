"""What comes in is stored, and handed to who thinks here in the same write, where there is room.

A lane that was idle is leased for the worker as its message is stored, and the turn is built of
what is in hand: nothing is claimed, and nothing that was just written is read back. It is a short
cut and nothing else: whatever is not taken here waits in its lane until the worker claims it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import structlog

from bot.settle import Loaded
from bot.signals import Host, Room
from channels.message import IncomingMessage
from handlers import turn as turns
from handlers.turn import Heard
from storage import lane_batches, transport
from storage.jobs import on_terms
from storage.models import InboundEvent, LaneKind
from storage.records import Connection, draft
from storage.transport import ARRIVING, Accepted, Arrival

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What became of a call's content, and what of it was handed on, by lane.

    None stands for a turn that could not be built: whoever works the lane is to ask for it.
    """

    accepted: list[Accepted]
    handed: Mapping[str, Loaded | None] = field(default_factory=dict)
    host: Host | None = None

    def hand_on(self) -> None:
        """Let the host have it, once it is stored."""
        if self.host is not None:
            self.host.welcome(self.handed)


@dataclass(frozen=True, slots=True)
class _New:
    """A message that nobody knew, and what was stored of it."""

    message: IncomingMessage
    event: Accepted
    arrival: Arrival


def _tells(arrived: Sequence[Arrived | Exception]) -> bool:
    return transport.tells([one if isinstance(one, Exception) else one.accepted for one in arrived])


@on_terms(replace(ARRIVING, facts=_tells))
def arrive(
    connection: Connection, arrivals: Sequence[Arrival], *, host: Callable[[], Host | None]
) -> list[Arrived]:
    """Store what many calls contained; hand what can be thought about at once to the host."""
    stored = transport.accept_all(connection, arrivals)
    waiting = host()
    room = waiting.room() if waiting is not None else None
    handed = _hand(connection, _new(arrivals, stored), room) if room is not None else {}
    if not handed:
        return [Arrived(accepted) for accepted in stored]
    return [
        Arrived(
            accepted,
            {lane: handed[lane] for lane in _lanes_of(accepted) if lane in handed},
            waiting,
        )
        for accepted in stored
    ]


def _new(arrivals: Sequence[Arrival], stored: Sequence[Sequence[Accepted]]) -> dict[str, _New]:
    """Return what is new, by lane; an album's pieces wait for each other."""
    return {
        item.lane: _New(message, item, arrival)
        for arrival, accepted in zip(arrivals, stored, strict=True)
        for message, item in zip(arrival.reception.messages, accepted, strict=False)
        if item.new and item.lane is not None and message.album is None
    }


def _lanes_of(accepted: Sequence[Accepted]) -> list[str]:
    return [one.lane for one in accepted if one.new and one.lane is not None]


def _hand(
    connection: Connection, new: Mapping[str, _New], room: Room
) -> Mapping[str, Loaded | None]:
    """Lease the lanes that had nothing to do, as many as there is room for, and load them."""
    some = dict(islice(new.items(), room.lanes))
    if not some:
        return {}
    until = max(one.arrival.at for one in some.values()) + room.lease
    leased = lane_batches.lease_idle(connection, LaneKind.IN, some, room.token, until)
    if not leased:
        return {}
    try:
        return _load(connection, {lane: some[lane] for lane in leased}, leased)
    except Exception as problem:  # noqa: BLE001 - what came in must be stored all the same
        log.warning("lanes are loaded one by one", problem=problem)
        return dict.fromkeys(leased)


def _load(
    connection: Connection, new: Mapping[str, _New], sequences: Mapping[str, int]
) -> dict[str, Loaded]:
    heard = [Heard(one.message, f"{lane}:{sequences[lane]}") for lane, one in new.items()]
    now = max(one.arrival.at for one in new.values())
    built = turns.build_all(connection, heard, now)
    return {
        lane: Loaded(_event(one, sequences[lane]), turn, 0)
        for (lane, one), turn in zip(new.items(), built, strict=True)
    }


def _event(new: _New, sequence: int) -> InboundEvent:
    """Return the event as it was stored, but for its payload: its turn is built already."""
    row = {
        "id": new.event.event_id,
        "inbox": new.arrival.inbox,
        "lane": new.event.lane,
        "sequence": sequence,
        "received_at": new.arrival.at,
    }
    return draft(InboundEvent, row)
