"""The durable core on SQLite, against the driver alone on the same disk in the same run."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import raw
from benchmarks.house import Figures, House, house, said

COUNT = 6000


def line(name: str, figures: Figures, more: str = "") -> None:
    """Print one row."""
    print(f"{name:22} {figures.rate:9.0f} /s  {figures.cpu:7.0f} us CPU a message  {more}")


async def main(count: int = COUNT) -> None:
    """Print everything."""
    print(f"core: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} messages of 600 B")
    with TemporaryDirectory() as name:
        folder = Path(name)
        alone = Figures(*raw.each(folder / "each.db", count // 4))
        group = Figures(*await raw.together(folder / "group.db", count))
        line("raw, commit each", alone)
        line("raw, group commit", group)
        async with house(f"sqlite:///{folder}/parts.db") as parts:
            await _parts(parts, count)
        async with house(f"sqlite:///{folder}/core.db") as core:
            through = await core.through([said(n) for n in range(count)], count)
            assert await core.rows() == (count, count)
        line(
            "end to end", through,
            f"{through.rate / alone.rate:.2f} x commit each,"
            f" {through.rate / group.rate:.2f} x group commit",
        )  # fmt: skip


async def _parts(parts: House, count: int) -> None:
    ingest = await parts.produce(said(n) for n in range(count))
    line("ingest", ingest)
    again = await parts.produce(said(n) for n in range(count))
    assert await parts.rows() == (count, 0)
    line("seen before", again, f"{again.rate / ingest.rate:.2f} x ingest, no new row")
    line("process", await parts.drain(count, count))
