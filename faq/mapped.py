"""Arrays in a file that is mapped, not read: processes share them, and memory is given back."""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray


def read(file: Path, layout: np.dtype[Any] | None = None) -> NDArray[Any] | None:
    """Map a file of rows; None where it is not there, is damaged, or is laid out otherwise."""
    try:
        stored: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = stored.ndim == 1 and (layout is None or stored.dtype == layout)
    return stored if fits else None


def write(file: Path, layout: np.dtype[Any], rows: int, fill: Callable[[Any], None]) -> None:
    """Replace a file by so many rows in one step; `fill` writes them, without a copy in memory."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        made = np.lib.format.open_memmap(part, mode="w+", dtype=layout, shape=(rows,))
        fill(made)
        made.flush()
        del made
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def let_go(array: NDArray[Any]) -> None:
    """Give back the memory of what was read of a mapped array; what is wanted is read again."""
    mapped: Any = array
    while not isinstance(mapped, np.memmap) and isinstance(mapped.base, np.ndarray):
        mapped = mapped.base
    held = getattr(mapped, "_mmap", None)
    if not isinstance(held, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    origin = np.frombuffer(held, np.uint8).ctypes.data
    first, last = (bound - origin for bound in byte_bounds(array))
    start = -(-first // mmap.PAGESIZE) * mmap.PAGESIZE
    if last > start:
        held.madvise(mmap.MADV_DONTNEED, start, last - start)
