"""The durable core on SQLite, against the driver alone on the same disk in the same run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import sleep

from sqlalchemy import Connection, Engine, event

from benchmarks import raw
from benchmarks.house import Figures, House, house, said
from benchmarks.process import rss_of
from console.live import Live

COUNT = 6000
STEADY = 400
"""Messages a second."""
FLUSHES = (0.0, 0.001, 0.003)
"""How many seconds longer a disk may take to make a commit safe: from none to what is usual."""


def line(name: str, figures: Figures, more: str = "") -> None:
    """Print one row."""
    print(f"{name:22} {figures.rate:9.0f} /s  {figures.cpu:7.0f} us CPU a message  {more}")


async def main(count: int = COUNT) -> None:
    """Print everything; each reference is taken before and after, also as on slower disks."""
    print(f"core: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} messages of 600 B")
    with TemporaryDirectory() as name:
        folder = Path(name)
        async with house(f"sqlite:///{folder}/parts.db") as parts:
            await _parts(parts, count)
        async with house(f"sqlite:///{folder}/steady.db") as steady:
            await _steady(steady, STEADY * 10)
        for flush in FLUSHES:
            print(f"each commit {flush * 1e3:g} ms longer" if flush else "on this disk")
            await _end_to_end(folder, flush, count)


async def _end_to_end(folder: Path, flush: float, count: int) -> None:
    """Print the core against the references, on a disk that is slower by `flush` seconds."""
    before = await _references(folder, "before", flush, count)
    async with house(f"sqlite:///{folder}/core-{flush}.db") as core:
        with slower(flush):
            through = await core.through([said(n) for n in range(count)], count)
        assert await core.rows() == (count, count)
    after = await _references(folder, "after", flush, count)
    alone, group = (_mean(pair) for pair in zip(before, after, strict=True))
    line("raw, commit each", alone)
    line("raw, group commit", group)
    line(
        "end to end",
        through,
        f"{through.rate / alone.rate:.2f} x commit each,"
        f" {through.rate / group.rate:.2f} x group commit",
    )


@contextmanager
def slower(flush: float) -> Iterator[None]:
    """Let each commit take that many seconds longer, as where the disk does."""

    def wait(_connection: Connection) -> None:
        sleep(flush)

    event.listen(Engine, "commit", wait)
    yield
    event.remove(Engine, "commit", wait)


async def _references(folder: Path, when: str, flush: float, count: int) -> tuple[Figures, Figures]:
    each, group = (folder / f"{name}-{when}-{flush}.db" for name in ("each", "group"))
    alone = Figures(*raw.each(each, count // 4, flush))
    return alone, Figures(*await raw.together(group, count, flush))


def _mean(pair: tuple[Figures, Figures]) -> Figures:
    """Return the mean: of rates, the one whose time is the mean."""
    one, other = pair
    return Figures(2 / (1 / one.rate + 1 / other.rate), (one.cpu + other.cpu) / 2)


async def _parts(parts: House, count: int) -> None:
    few = count // 10
    ingest = await parts.produce(said(n) for n in range(count))
    line("ingest", ingest)
    again = await parts.produce(said(n) for n in range(count))
    assert await parts.rows() == (count, 0)
    line("seen before", again, f"{again.rate / ingest.rate:.2f} x ingest, no new row")
    large = await parts.drain(count, count)
    await parts.produce(said(n) for n in range(count, count + few))
    small = await parts.drain(few, count + few)
    line("drain, small backlog", small)
    line("drain, ten-fold", large, f"{large.rate / small.rate:.2f} x the small one's rate")


async def _steady(core: House, count: int) -> None:
    """Print how long a message waits at a steady rate, to be stored and to be processed."""
    stored = await core.steadily([said(n) for n in range(count)], STEADY, count)
    for name, waits in (("stored", stored), ("processed", await core.processing())):
        cuts = quantiles(waits, n=100)
        half, most, worst = (f"{1e3 * wait:.1f} ms" for wait in (cuts[49], cuts[98], max(waits)))
        print(f"{f'{name} at {STEADY}/s':22} p50 {half}, p99 {most}, at most {worst}")


async def live(count: int = COUNT) -> None:
    """Print what live updates, with 50 who watch, cost those who write."""
    print(f"live: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} messages")
    rates = {True: 0.0, False: 0.0}
    with TemporaryDirectory() as name:
        for number, on in enumerate((False, True, False, True)):
            async with house(f"sqlite:///{name}/{number}.db") as core, watched(core, on=on):
                found = await core.through([said(n) for n in range(count // 2)], count // 2)
            line("live updates on" if on else "live updates off", found)
            rates[on] = max(rates[on], found.rate)
    print(f"on against off         {rates[True] / rates[False]:.2f} x")


@asynccontextmanager
async def watched(core: House, *, on: bool) -> AsyncIterator[None]:
    """Let 50 browsers follow what happens."""
    if not on:
        yield
        return
    updates = Live(core.db)
    await updates.start()
    core.db.on_commit(updates.wake)

    async def follow() -> None:
        async for _ in updates.follow(None):
            pass

    followers = [asyncio.create_task(follow()) for _ in range(50)]
    yield
    await updates.stop()
    await asyncio.gather(*followers)


async def soak(count: int = 100_000, step: int = 5000) -> None:
    """Print how the memory grows from message 20,000 to the last."""
    print(f"soak: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} messages")
    sizes: dict[int, float] = {}
    with TemporaryDirectory() as name:
        async with house(f"sqlite:///{name}/soak.db") as core:
            for first in range(0, count, step):
                done = first + step
                figures = await core.through([said(n) for n in range(first, done)], done)
                sizes[done] = rss_of(os.getpid())
                line(f"{done} messages", figures, f"{sizes[done]:.0f} MB")
    print(f"growth                 {sizes[count] - sizes[20_000]:.1f} MB since message 20,000")
