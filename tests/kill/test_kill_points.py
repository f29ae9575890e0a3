"""Killed at its system calls, at random, and by power cuts, the product keeps its promises."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from time import time

import pytest

from tests.kill.stage import Kill, Result, Stage

EVERYDAY = 6
POWER_CUTS = 30
RANDOM_KILLS, A_RUN = 200, 4
BOTH = ("before", "after")


@pytest.fixture
async def stages(tmp_path: Path) -> AsyncIterator[list[Stage]]:
    """Two stages that play side by side."""
    async with AsyncExitStack() as stack:
        made = []
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            made.append(await stack.enter_async_context(Stage(folder)))
        yield made


async def play(stages: list[Stage], kills: Iterable[Kill]) -> list[Result]:
    """Play every kill on whichever stage is free."""
    todo, results = iter(list(kills)), []

    async def one(stage: Stage) -> None:
        for kill in todo:
            results.append(await stage.run(kill))  # noqa: PERF401 - each as it ends

    await asyncio.gather(*(one(stage) for stage in stages))
    return results


def tell(what: str, results: list[Result]) -> None:
    """Print the figures and hold the promises."""
    broken = [(r.death, line) for r in results for line in r.findings]
    died, doubted = sum(r.kills for r in results), sum(r.doubted for r in results)
    ready = sorted(r.ready for r in results if r.kills)
    print(  # noqa: T201
        f"\n{what}: {len(results)} runs, {died} kills, {len(broken)} findings, {doubted} replies"
        f" in doubt; ready again after {ready[len(ready) // 2]:.2f} s as a rule,"
        f" {ready[-1]:.2f} s at worst"
    )
    assert broken == []
    assert died > 0


async def points(stage: Stage) -> int:
    """Return how many calls an undisturbed run makes."""
    whole = await stage.run(Kill(0))
    assert whole.findings == []
    assert whole.counted > 100
    return whole.counted


@pytest.mark.timeout(300)
async def test_killed_at_a_few_of_its_system_calls_it_loses_and_doubles_nothing(stages):
    number, seed = await points(stages[0]), int(time())
    dice = random.Random(seed)
    kills = [
        Kill(dice.randrange(1, number), when, power)
        for _ in range(EVERYDAY // 2)
        for when, power in (("before", False), ("after", True))
    ]
    tell(f"a few of {number} points, seed {seed}", await play(stages, kills))


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("when", BOTH)
async def test_killed_at_every_system_call_it_loses_and_doubles_nothing(stages, when):
    number = await points(stages[0])
    kills = [Kill(point, when) for point in range(1, number + 1)]
    tell(f"all {number} points, {when} the call", await play(stages, kills))


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_power_cut_takes_nothing_that_was_acknowledged(stages):
    number = await points(stages[0])
    step = max(number // POWER_CUTS, 1)
    cuts = [Kill(point, "before", power=True) for point in range(step // 2 + 1, number, step)]
    tell("power cuts", await play(stages, cuts))


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_two_hundred_kills_at_random_lose_and_double_nothing(stages):
    dice = random.Random(20)
    for stage in stages:
        stage.customers = 5
    results: list[Result] = []

    async def one(stage: Stage) -> None:
        while sum(result.kills for result in results) < RANDOM_KILLS:
            pauses = tuple(dice.uniform(0.02, 0.5) for _ in range(A_RUN))
            results.append(await stage.run(random_kills=pauses))

    await asyncio.gather(*(one(stage) for stage in stages))
    tell("random kills, 20 conversations", results)
