"""What a large index costs beside itself: the collector's way through it, memory nobody uses."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
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


def _give_back() -> None:
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc alone has it, and alone needs it
            trim(0)
