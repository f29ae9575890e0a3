"""Compares what was acknowledged with what is stored and what customers saw; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

IN_DOUBT = frozenset({"uncertain"})
DECIDED = frozenset({"sent", "uncertain"})
"""These platforms take every message: a reply that failed is a broken promise."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation after a run, by the numbers of the questions.

    `said` in the order said and all acknowledged; `stored` in the order stored; `shown` in the
    order seen on the customer's screen; `replies` the state of the delivery to each question.
    """

    said: Sequence[int]
    stored: Sequence[int]
    shown: Sequence[int]
    replies: Mapping[int, str] = field(default_factory=dict)
    deduplicates: bool = False


def findings(talks: Mapping[str, Talk], kills: int) -> list[str]:
    """Return every broken promise as `kind: where what`; empty when all were kept."""
    found = []
    for name, talk in talks.items():
        found += _inbound(name, talk) + _outbound(name, talk) + _doubt(name, talk, kills)
    doubled = sum(len(_doubled(talk)) for talk in talks.values() if not talk.deduplicates)
    if doubled > kills:
        found.append(f"dup_reply: {doubled} replies doubled by {kills} kills")
    return found


def _inbound(name: str, talk: Talk) -> list[str]:
    lost = [number for number in talk.said if number not in talk.stored]
    twice = [number for number, times in Counter(talk.stored).items() if times > 1]
    found = [f"lost_inbound: {name} {number}" for number in lost]
    found += [f"dup_inbound: {name} {number}" for number in twice]
    if not lost and not twice and list(talk.stored) != list(talk.said):
        found.append(f"order: {name} stored {list(talk.stored)}")
    return found


def _outbound(name: str, talk: Talk) -> list[str]:
    found = []
    for number in talk.said:
        state = talk.replies.get(number, "missing")
        if state not in DECIDED or (number not in talk.shown and state not in IN_DOUBT):
            found.append(f"lost_reply: {name} {number} is {state}")
    found += [
        f"dup_reply: {name} {number} is {talk.replies.get(number, 'missing')}"
        for number in _doubled(talk)
        if talk.deduplicates or talk.replies.get(number) not in IN_DOUBT
    ]
    first = list(dict.fromkeys(talk.shown))
    if first != sorted(first, key=list(talk.said).index):
        found.append(f"order: {name} saw {first}")
    return found


def _doubt(name: str, talk: Talk, kills: int) -> list[str]:
    # One message of a conversation is on its way at a time: only that one can be in doubt.
    doubted = sum(state in IN_DOUBT for state in talk.replies.values())
    most = 0 if talk.deduplicates else kills
    return [f"doubt: {name} {doubted} replies after {kills} kills"] if doubted > most else []


def _doubled(talk: Talk) -> list[int]:
    return [number for number, times in Counter(talk.shown).items() if times > 1]
