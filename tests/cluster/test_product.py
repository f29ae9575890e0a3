"""The product on servers that are killed, crashed and frozen under it, while customers talk."""

import asyncio
import random
import time
from pathlib import Path

import psycopg
import pytest

from tests.cluster.servers import Cluster, Server, answers, until
from tests.cluster.town import Town
from tests.cluster.writer import Writers
from tests.e2e.conftest import moment

pytestmark = [pytest.mark.cluster, pytest.mark.long]
KILLS, CRASHES, FREEZES = 20, 10, 10
FROZEN, LEADER_FROZEN = 10.0, 15.0
FAILOVERS = 3


def database(url: str, name: str) -> None:
    """Make an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")


def tell(what: str, *figures: str) -> None:
    print(f"\n{what}: {'; '.join(figures)}")  # noqa: T201 - the figures are the point


def listed(seconds: list[float]) -> str:
    return " ".join(f"{each:.1f}" for each in seconds)


@pytest.mark.timeout(1800)
async def test_killed_workers_lose_double_and_disorder_nothing(single: Server, tmp_path: Path):
    database(single.url(), "kills")
    dice, struck = random.Random(1), []
    async with Town(single.url("kills"), tmp_path) as town:
        async with town.talking():
            for number in range(KILLS):
                await asyncio.sleep(dice.uniform(0.5, 2.0))
                worker = town.parts[f"worker{number % 2}"]
                struck.append(moment())
                await worker.kill()
                await worker.start(town.client)
        said = await town.check()
        pauses = await town.gaps(struck, 5.0)
    tell(f"{KILLS} workers killed", said, f"all others paused for {listed(sorted(pauses))} s")


@pytest.mark.timeout(1800)
async def test_a_crashed_server_loses_doubles_and_disorders_nothing(single: Server, tmp_path: Path):
    database(single.url(), "crashes")
    dice, struck = random.Random(2), []
    async with Town(single.url("crashes"), tmp_path) as town:
        async with town.talking():
            for _ in range(CRASHES):
                await asyncio.sleep(dice.uniform(1.0, 3.0))
                struck.append(moment())
                await asyncio.to_thread(single.crash)
                await asyncio.sleep(dice.uniform(0.0, 2.0))
                single.run()
                await asyncio.to_thread(until, lambda: answers(single.url()), 60)
                await town.all_ready()
        said = await town.check()
        pauses = await town.gaps(struck, 15.0)
    assert town.statuses[503] > 0
    tell(f"server crashed {CRASHES} times", said, f"away for {listed(pauses)} s")


@pytest.mark.timeout(1800)
async def test_a_frozen_server_loses_doubles_and_disorders_nothing(single: Server, tmp_path: Path):
    database(single.url(), "freezes")
    dice, struck = random.Random(3), []
    async with Town(single.url("freezes"), tmp_path) as town:
        async with town.talking():
            for _ in range(FREEZES):
                await asyncio.sleep(dice.uniform(1.0, 3.0))
                struck.append(moment())
                single.freeze(single.name)
                try:
                    await asyncio.sleep(FROZEN)
                finally:
                    single.thaw(single.name)
                await town.all_ready()
        said = await town.check()
        pauses = await town.gaps(struck, FROZEN + 20)
    assert town.statuses[503] > 0
    tell(f"server frozen {FREEZES} times for {FROZEN:g} s", said, f"away for {listed(pauses)} s")


async def beside(whole: Cluster, town: Town, writers: Writers, fault, mend) -> tuple[float, float]:
    """Strike the leader; return how long plain writers and the product had no acknowledgement."""
    await asyncio.to_thread(whole.wait)
    await town.all_ready()
    await asyncio.sleep(2)
    old, struck = whole.leader(), time.monotonic()
    await asyncio.to_thread(fault, old)
    try:
        await asyncio.to_thread(until, lambda: whole.another_leads(old), 60)
        await asyncio.sleep(max(0.0, struck + LEADER_FROZEN - time.monotonic()))
    finally:
        await asyncio.to_thread(mend, old)
    await asyncio.to_thread(whole.wait)
    await town.all_ready()
    await asyncio.sleep(1)
    return writers.outage(struck - 0.5), town.outage(struck - 0.5, time.monotonic())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_a_lost_leader_loses_doubles_and_disorders_nothing(
    whole: Cluster, tmp_path: Path, how: str
):
    fault, mend = {
        "killed": (whole.kill, whole.run),
        "frozen": (whole.freeze, whole.thaw),
    }[how]
    database(whole.url(), f"leader_{how}")
    away = []
    async with Town(whole.url(f"leader_{how}"), tmp_path) as town:
        async with town.talking():
            with Writers(whole.url(), threads=2) as writers:
                away += [await beside(whole, town, writers, fault, mend) for _ in range(FAILOVERS)]
        said = await town.check()
    assert town.statuses[503] > 0
    plain, ours = ([pair[n] for pair in away] for n in (0, 1))
    tell(
        f"leader {how} {FAILOVERS} times",
        said,
        f"plain writers were away for {listed(plain)} s, the product for {listed(ours)} s",
    )
