"""What the worker reads and writes of many lanes at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot import albums
from bot.albums import Gathered
from channels.message import has_left
from handlers import turn as turns
from handlers.apply import Applied, Decided, Stale, apply_all
from handlers.base import Turn
from handlers.desk import notices
from handlers.turn import Heard
from storage import erasure, lane_batches, lanes, slots, transport
from storage.engine import only_reading, session_on
from storage.jobs import Terms, on_terms
from storage.lanes import Fenced
from storage.models import InboundEvent, LaneKind, Owner
from storage.records import Connection
from storage.trips import flush

log = structlog.get_logger(__name__)

TRIES = 5
"""How often an event may fail before it is given up."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A lane's next event and what it means; `turn` is None when it is to be given up.

    `others` are events behind it that belong to it; until `wait_until` more of them may come.
    """

    event: InboundEvent
    turn: Turn | None
    attempts: int
    others: Sequence[InboundEvent] = ()
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lane whose next turn is asked for, and when."""

    lane: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Thought:
    """An event whose turn was thought about, by whom, and when.

    `holds` says that the platform's own call may still wait for the answer.
    """

    lane: str
    event: InboundEvent
    decided: Decided
    token: str
    at: datetime
    holds: bool = False
    others: Sequence[InboundEvent] = ()
    forgets: bool = False


Step = Wanted | Thought
Next = Loaded | bool
"""A lane's next event; True when one waits and must be asked for alone, False when none does."""


@on_terms(replace(lanes.CLAIM, prompt=True))
def claim(
    connection: Connection, token: str, now: datetime, lease: timedelta, *, limit: int
) -> dict[str, Next]:
    """Lease lanes that are ready to `token`; return what each is to think about."""
    found = lanes.claim_on(connection, LaneKind.IN, token, now, lease, limit=limit)
    return _load(connection, [Wanted(lane, now) for lane in found])


@on_terms(Terms(fresh=True, prompt=True, sends=False))
def advance(
    connection: Connection, steps: Sequence[Step], queue_notice: timedelta
) -> list[Next | Exception]:
    """Settle what was thought, and load what is to be thought about next, for many lanes."""
    thoughts = [step for step in steps if isinstance(step, Thought)]
    settled = settle(connection, thoughts, queue_notice) if thoughts else []
    results: dict[str, Next | Exception] = {
        thought.lane: result for thought, result in zip(thoughts, settled, strict=True)
    }
    asked = [step for step in steps if isinstance(step, Wanted)]
    asked += [Wanted(one.lane, one.at) for one in thoughts if results[one.lane] is True]
    results |= _load(connection, asked)
    return [results[step.lane] for step in steps]


def _load(connection: Connection, asked: Sequence[Wanted]) -> dict[str, Next]:
    if not asked:
        return {}
    # What cannot be loaded must neither undo what was settled nor stand in the others' way; and
    # what was settled is not what cannot be loaded.
    flush(connection)
    try:
        with only_reading(connection):
            found = load_all(connection, asked)
    except Exception as problem:  # noqa: BLE001 - each is asked for alone, and fails alone
        log.warning("lanes are loaded one by one", problem=problem)
        return dict.fromkeys((one.lane for one in asked), True)
    return {one.lane: loaded or False for one, loaded in zip(asked, found, strict=True)}


def load_all(connection: Connection, wanted: Sequence[Wanted]) -> list[Loaded | None]:
    """Return each lane's next event with its turn, or None where nothing waits."""
    found = transport.next_events(connection, [one.lane for one in wanted])
    heard: dict[str, Heard] = {}
    gathered: dict[str, Gathered] = {}
    for lane, (event, attempts) in found.items():
        message = albums.message_of(event) if attempts < TRIES else None
        if message is not None:
            gathered[lane] = albums.gather(connection, event, message, wanted[-1].at)
            heard[lane] = Heard(gathered[lane].message, f"{lane}:{event.sequence}")
    built = turns.build_all(connection, list(heard.values()), wanted[-1].at) if heard else []
    turn_of = dict(zip(heard, built, strict=True))
    return [
        _loaded(found[one.lane], turn_of.get(one.lane), gathered.get(one.lane))
        if one.lane in found
        else None
        for one in wanted
    ]


def _loaded(
    found: tuple[InboundEvent, int], turn: Turn | None, gathered: Gathered | None
) -> Loaded:
    if gathered is None:
        return Loaded(found[0], turn, found[1])
    return Loaded(found[0], turn, found[1], gathered.others, gathered.wait_until)


def settle(
    connection: Connection, thoughts: Sequence[Thought], queue_notice: timedelta
) -> list[bool | Exception]:
    """Make thoughts true together with their lanes' progress; return which lanes have more.

    Who was overtaken gets `Stale`, and nothing of theirs is stored. The lanes are locked last of
    all: what comes in for them waits for us no longer than a commit takes.

    Raises:
        Fenced: one of the lanes went to another worker; roll everything back.
    """
    now = thoughts[-1].at
    made = apply_all(connection, [one.decided for one in thoughts], now)
    done = [
        (one, result)
        for one, result in zip(thoughts, made, strict=True)
        if isinstance(result, Applied)
    ]
    _follow_up(connection, done, now, now + queue_notice)
    events = [event for one, _ in done for event in (one.event, *one.others)]
    transport.mark_done(connection, events, now)
    held = lane_batches.held(connection, LaneKind.IN, [one.lane for one, _ in done])
    _check(held, [one for one, _ in done])
    transport.finish_all(connection, events, now)
    return [
        result if isinstance(result, Stale) else _has_more(one, held[one.lane])
        for one, result in zip(thoughts, made, strict=True)
    ]


def _follow_up(
    connection: Connection,
    done: Sequence[tuple[Thought, Applied]],
    now: datetime,
    notice_at: datetime,
) -> None:
    """Plan notices for who waits for a person, forget who left, hold what may answer a call."""
    waiting = [applied.conversation for one, applied in done if _waits(one, applied)]
    held_calls = [one.event for one, _ in done if one.holds]
    gone = [applied.conversation for one, applied in done if _must_go(one)]
    if not (waiting or held_calls or gone):
        return
    with session_on(connection) as session:
        for conversation in waiting:
            notices.plan(session, conversation, notice_at)
        for event in held_calls:
            slots.hold(session, event, now)
        for conversation in gone:
            erasure.plan(session, conversation.id, now)
        session.flush()


def _waits(thought: Thought, applied: Applied) -> bool:
    # A machine that waits is told nothing: it would only answer that.
    automatic = thought.decided.turn.message.automatic
    return applied.conversation.owner is Owner.QUEUE and not automatic


def _must_go(thought: Thought) -> bool:
    return thought.forgets and has_left(thought.decided.turn.message.parts)


def _check(held: Mapping[str, lane_batches.Held], done: Sequence[Thought]) -> None:
    """Refuse if one of the lanes is another worker's, or further than its thought knew."""
    for one in done:
        lane = held.get(one.lane)
        if lane is None or lane.token != one.token or lane.done + 1 != one.event.sequence:
            raise Fenced(f"lane {one.lane}: this item is no longer ours")


def _has_more(thought: Thought, lane: lane_batches.Held) -> bool:
    return lane.last_in > lane.done + 1 + len(thought.others)
