"""What an index costs beside itself: the collector's way through it, memory, others' time."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def built(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make something large that stays: meanwhile nothing is collected, and it never is later.

    What it took to make it goes back to the system: the C library would keep it for next time.

    It goes as soon as nobody refers to it. In a process that has not frozen what it started with,
    as a service does, it is collected like anything else.
    """
    was_enabled, freezes = gc.isenabled(), gc.get_freeze_count() > 0
    if freezes:
        gc.collect()  # What is garbage now would be kept for ever; all that is large is frozen.
    gc.disable()
    try:
        return make(*args, **kwargs)
    finally:
        if freezes:
            gc.freeze()
        if was_enabled:
            gc.enable()
        _give_back()


def step_aside() -> None:
    """Let whoever is ready have this thread's processor first.

    A system that thinks two processors busy enough may leave a thread that was woken behind one
    that works, though the other processor is idle: for the milliseconds of an edit.
    """
    if hasattr(os, "sched_yield"):  # not every system has it
        os.sched_yield()
    else:
        time.sleep(0)


def unhurried(items: Iterable[T]) -> Iterator[T]:
    """Return the items one by one, and step aside after each of them was used."""
    for item in items:
        yield item
        step_aside()


def _give_back() -> None:
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc alone has it, and alone needs it
            trim(0)
