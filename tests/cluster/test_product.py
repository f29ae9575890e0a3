"""The product on servers that are killed, crashed and frozen under it, while customers talk."""

import asyncio
import os
import random
import time
from pathlib import Path

import psycopg
import pytest

from bot.lane_loop import LEASE
from tests.cluster.pauses import leases, most, spread
from tests.cluster.servers import Cluster, Server, answers, until
from tests.cluster.town import Town
from tests.cluster.writer import Writers
from tests.e2e.conftest import moment

pytestmark = [pytest.mark.cluster, pytest.mark.long]
KILLS, CRASHES, FREEZES = 20, 10, 10
FROZEN, LEADER_FROZEN = 10.0, 15.0
FAILOVERS, SLOWER = 3, 2.0
RATE = float(os.environ.get("CLUSTER_LOAD", "200"))
"""Messages a second that the cluster is offered; a small machine carries fewer."""
AT_ONCE, CALM = 0.5, 10.0
"""Within how many seconds a conversation goes on that the fault has nothing to do with, where it
does without a fault, and for how long that is looked at."""


def database(url: str, name: str) -> None:
    """Make an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")


def tell(what: str, *figures: str) -> None:
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"\n{what} ({load}): {'; '.join(figures)}")  # noqa: T201 - the figures are the point


def listed(seconds: list[float]) -> str:
    return " ".join(f"{each:.1f}" for each in seconds)


@pytest.mark.timeout(1800)
async def test_killed_workers_lose_double_and_disorder_nothing(single: Server, tmp_path: Path):
    url, dice = single.url("kills"), random.Random(1)
    database(single.url(), "kills")
    async with Town(url, tmp_path) as town, leases(url) as watched:
        async with town.talking():
            await asyncio.sleep(CALM)
            for number in range(KILLS):
                await asyncio.sleep(dice.uniform(0.5, 2.0))
                worker, struck = town.parts[f"worker{number % 2}"], moment()
                await worker.kill()
                await watched.struck(struck)
                await worker.start(town.asking)
        said = await town.check()
        pauses = await town.pauses(watched)
    tell(f"{KILLS} workers killed", said, *pauses.told())
    assert max(pauses.leased, default=0) <= LEASE.total_seconds() + 1
    assert most(pauses.read) <= max(AT_ONCE, 2 * most(pauses.calm))


@pytest.mark.timeout(1800)
async def test_a_crashed_server_loses_doubles_and_disorders_nothing(single: Server, tmp_path: Path):
    database(single.url(), "crashes")
    dice, outages = random.Random(2), []
    async with Town(single.url("crashes"), tmp_path) as town:
        async with town.talking():
            for _ in range(CRASHES):
                await asyncio.sleep(dice.uniform(1.0, 3.0))
                struck = moment()
                await asyncio.to_thread(single.crash)
                await asyncio.sleep(dice.uniform(0.0, 2.0))
                single.run()
                await asyncio.to_thread(until, lambda: answers(single.url()), 60)
                outages.append((struck, moment()))
                await town.all_ready()
        said = await town.check()
        waited = await town.went_on(outages)
    assert town.statuses[503] > 0
    away = [(back - struck).total_seconds() for struck, back in outages]
    tell(
        f"server crashed {CRASHES} times, away for {listed(away)} s",
        said,
        f"once it was back, conversations went on within {spread(waited)}",
    )
    assert waited[-1] <= LEASE.total_seconds() + 1


@pytest.mark.timeout(1800)
async def test_a_frozen_server_loses_doubles_and_disorders_nothing(single: Server, tmp_path: Path):
    database(single.url(), "freezes")
    dice, outages = random.Random(3), []
    async with Town(single.url("freezes"), tmp_path) as town:
        async with town.talking():
            for _ in range(FREEZES):
                await asyncio.sleep(dice.uniform(1.0, 3.0))
                struck = moment()
                single.freeze(single.name)
                try:
                    await asyncio.sleep(FROZEN)
                finally:
                    single.thaw(single.name)
                outages.append((struck, moment()))
                await town.all_ready()
        said = await town.check()
        waited = await town.went_on(outages)
    assert town.statuses[503] > 0
    tell(
        f"server frozen {FREEZES} times for {FROZEN:g} s",
        said,
        f"once it was back, conversations went on within {spread(waited)}",
    )
    assert waited[-1] <= LEASE.total_seconds() + 1


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
    async with Town(whole.url(f"leader_{how}"), tmp_path, RATE) as town:
        async with town.talking():
            with Writers(whole.url(), threads=2) as writers:
                away += [await beside(whole, town, writers, fault, mend) for _ in range(FAILOVERS)]
        said = await town.check()
    assert town.statuses[503] > 0
    plain, ours = ([pair[n] for pair in away] for n in (0, 1))
    tell(
        f"leader {how} {FAILOVERS} times",
        said,
        f"{town.reached():.0f} messages a second of {RATE:g}",
        f"plain writers were away for {listed(plain)} s, the product for {listed(ours)} s",
    )
    assert all(own <= bare + SLOWER for bare, own in zip(plain, ours, strict=True))
