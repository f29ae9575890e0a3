"""Who says what, and how the platform mangles it: the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from faq.matcher import Entry

MARK = re.compile(r"演练答复 (\d{6}) ")
ASKED = re.compile(r"演练问题 (\d{6}) ")
PER_CUSTOMER = 12
"""How many messages one customer writes, about."""
PAUSE = 0.25
"""Seconds between two steps of one customer, at most."""
FAULTY = 0.2
"""How often a step is met by a platform in trouble."""


class Trick(StrEnum):
    """What happens to a customer's messages on their way to us."""

    PLAIN = "plain"
    THRICE = "thrice"
    SWAPPED = "swapped"
    BURST = "burst"
    REPLAYED = "replayed"
    FORGED = "forged"
    STALE = "stale"
    GARBAGE = "garbage"


TAKES = {Trick.SWAPPED: 2, Trick.BURST: 3, Trick.GARBAGE: 0}
"""How many messages a trick needs, if not one."""
ODDS = {
    Trick.PLAIN: 8,
    Trick.THRICE: 3,
    Trick.SWAPPED: 2,
    Trick.BURST: 2,
    Trick.REPLAYED: 2,
    Trick.FORGED: 1,
    Trick.STALE: 1,
    Trick.GARBAGE: 1,
}
STRANGERS = frozenset({Trick.FORGED, Trick.STALE})
"""Calls that must be refused; their numbers are none of the customer's."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a customer does; `fault` names what the platform suffers meanwhile."""

    trick: Trick
    numbers: tuple[int, ...]
    pause: float
    fault: str | None = None


def question(number: int) -> str:
    """Return what a customer asks."""
    return f"演练问题 {number:06d} 怎么办"


def answer(number: int) -> str:
    """Return the one answer to it, with characters that a careless channel would spoil."""
    return f"演练答复 {number:06d} ]]> &amp; <b> _*[ 👩‍👩‍👧‍👦🇨🇳 完"


def answered(text: str) -> list[int]:
    """Return the numbers that a text on a screen answers, of those that arrived whole.

    Where a platform counts replies, several answers may ride in one message.
    """
    found = dict.fromkeys(int(number) for number in MARK.findall(text))
    return [number for number in found if answer(number) in text]


def asked(text: str) -> int | None:
    """Return the number of a customer's question."""
    found = ASKED.search(text)
    return int(found[1]) if found else None


def entries(count: int) -> list[Entry]:
    """Return the knowledge that answers all questions up to `count`."""
    return [
        Entry(id=f"drill_{number}", question=question(number), answers={"zh": answer(number)})
        for number in range(1, count + 1)
    ]


def strangers_from(messages: int) -> int:
    """Return the first number that no customer uses."""
    return messages + 1


def scripts(
    seed: int,
    channel: str,
    messages: int,
    faults: Sequence[str],
    *,
    stale: bool,
    forged: bool = True,
) -> dict[str, list[Step]]:
    """Return the steps of every customer of a channel; numbers above `messages` are forged."""
    rng = random.Random(f"{seed}:{channel}")  # noqa: S311 - a script, no secret
    strange = iter(range(strangers_from(messages), 2 * messages + 1))
    customers = max(1, round(messages / PER_CUSTOMER))
    plan = {}
    for customer in range(customers):
        numbers = list(range(1 + customer, messages + 1, customers))
        name = f"{seed % 1000 + 1}{customer + 1:04d}"
        plan[name] = list(_steps(rng, numbers, strange, faults, stale=stale, forged=forged))
    return plan


def _steps(
    rng: random.Random,
    numbers: list[int],
    strange: Iterator[int],
    faults: Sequence[str],
    *,
    stale: bool,
    forged: bool,
) -> Iterator[Step]:
    while numbers:
        trick = rng.choices(list(ODDS), list(ODDS.values()))[0]
        if trick is Trick.STALE and not stale:
            trick = Trick.FORGED
        if trick in STRANGERS and not forged:
            trick = Trick.PLAIN
        pause = rng.uniform(0, PAUSE)
        fault = rng.choice(faults) if faults and rng.random() < FAULTY else None
        if trick in STRANGERS:
            number = next(strange, None)
            if number is not None:
                yield Step(trick, (number,), pause)
            continue
        taken, numbers[:] = numbers[: TAKES.get(trick, 1)], numbers[TAKES.get(trick, 1) :]
        yield Step(trick, tuple(taken), pause, fault)
