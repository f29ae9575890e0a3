"""One function on its way to the database, and on which terms it runs there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """How a function is run, and what may come of it.

    `prompt` lets it go first on SQLite, since somebody waits who cannot wait for long: a platform,
    or a customer. `facts` is False where nothing is written into the log, or tells it by what the
    function returned; `sends` where nothing is put on its way, or its caller tells the senders:
    then nobody looks for it.

    The rest is for where several processes share a database. `seconds` is how long it may take,
    waiting for the server included. `fresh` lets each of its statements see what others have
    committed before it: for functions whose statements are right one by one. Without it a function
    that was overtaken is run again. `lasting` is False where losing the last moments to a dying
    server does no harm. `alone` is a single statement that only reads: nothing is begun around it.
    """

    seconds: float = 10.0
    fresh: bool = False
    lasting: bool = True
    prompt: bool = False
    facts: bool | Callable[[Any], bool] = True
    sends: bool = True
    alone: bool = False


DEFAULT = Terms()
FRESH = Terms(fresh=True)
GLANCE = Terms(alone=True)


def on_terms(terms: Terms) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Say on which terms a function for `Database.write` is run."""

    def note(fn: Callable[P, T]) -> Callable[P, T]:
        fn.__terms__ = terms  # type: ignore[attr-defined]
        return fn

    return note


def terms_of(fn: Callable[..., object]) -> Terms:
    """Return the terms a function was marked with, or the usual ones."""
    while isinstance(fn, partial):
        fn = fn.func
    found: Terms = getattr(fn, "__terms__", DEFAULT)
    return found


@dataclass(slots=True, eq=False)
class Job:
    """A function, who waits for it, and what became of it."""

    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    terms: Terms = DEFAULT
    result: Any = None
    error: Exception | None = None

    @property
    def facts(self) -> bool:
        """Whether something may be in the log because of it."""
        told = self.terms.facts
        return told(self.result) if callable(told) and self.error is None else bool(told)

    def settle(self) -> None:
        """Tell who waits, in their loop; whoever has given up is not told."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


Tell = Callable[[list[Job]], None]
"""Settles jobs of one loop, in that loop."""


def tell(jobs: list[Job], told: Tell) -> None:
    """Have jobs settled in the loops they came from; for any thread."""
    for loop in {id(job.loop): job.loop for job in jobs}.values():
        done = [job for job in jobs if job.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(told, done)
