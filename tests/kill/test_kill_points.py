"""Killed at its system calls, at random, and by power cuts, the product keeps its promises."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, time

import pytest

from tests.kill.stage import Life, Result, Stage
from tests.kill.warm import Kill

EVERYDAY = 6
POWER_CUTS = 30
RANDOM_KILLS, A_RUN = 200, 4
RECOVERIES = 40
OVER = 20
"""How many runs must end in peace until there is no call left to die at."""
TOLD_EVERY = 100
"""After how many runs the sweep says how far it is."""
BOTH = ("before", "after")
EVERYDAY_STAGES, STAGES = 2, 4
"""How many stages play side by side; in half of its time a run waits for a platform."""
IN_MEMORY = Path("/dev/shm")
"""What a kill leaves is the same there; what a power cut takes, the shim takes."""


@pytest.fixture
def folders(request: pytest.FixtureRequest) -> Iterator[list[Path]]:
    """A folder for each stage, in memory where there is such a place."""
    is_long = request.node.get_closest_marker("long") is not None
    where = IN_MEMORY if IN_MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="yingda-kill-", dir=where) as whole:
        made = [Path(whole) / str(n) for n in range(STAGES if is_long else EVERYDAY_STAGES)]
        for folder in made:
            folder.mkdir()
        yield made


@pytest.fixture
async def stages(folders: list[Path]) -> AsyncIterator[list[Stage]]:
    """Stages that play side by side."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Stage(folder)) for folder in folders]


async def play(
    stages: list[Stage], runs: Iterable[tuple[Life, ...]], results: list[Result] | None = None
) -> list[Result]:
    """Play every run on whichever stage is free; tell at once what one breaks."""
    todo, results = iter(runs), [] if results is None else results

    async def one(stage: Stage) -> None:
        for lives in todo:
            results.append(await stage.run(*lives))
            tell_at_once(lives, results)

    await asyncio.gather(*(one(stage) for stage in stages))
    return results


def tell_at_once(lives: tuple[Life, ...], results: list[Result]) -> None:
    """Print what the last run broke, and now and then how far all have come."""
    if results[-1].findings:
        print(f"\n{lives}: {results[-1].deaths} {results[-1].findings}", flush=True)  # noqa: T201
    elif len(results) % TOLD_EVERY == 0:
        print(f"{len(results)} runs", flush=True)  # noqa: T201


def tell(what: str, results: list[Result], begun: float) -> Counter[str]:
    """Print the figures and hold the promises; return how often it died at what."""
    broken = [(result.deaths, line) for result in results for line in result.findings]
    ready = sorted(seconds for result in results for seconds in result.ready)
    worst = f"{ready[len(ready) // 2]:.2f} s as a rule, {ready[-1]:.2f} s" if ready else "no time"
    died = Counter(cause(death) for result in results for death in result.deaths)
    print(  # noqa: T201
        f"\n{what}: {len(results)} runs in {perf_counter() - begun:.0f} s,"
        f" {sum(result.kills for result in results)} kills, {len(broken)} findings,"
        f" {sum(result.doubted for result in results)} replies in doubt, {unhurt(results)} runs"
        f" over before their kill; ready again after {worst} at worst;"
        f" died at {dict(died.most_common())}"
    )
    assert broken == []
    return died


def cause(death: str) -> str:
    """Return the call and the kind of file of a death."""
    _, _, call, name, _ = death.split()
    kind = "socket" if name.startswith("socket") else name.rpartition("run.db")[2] or "database"
    return f"{call} {kind}"


def unhurt(results: list[Result]) -> int:
    return sum(result.kills == 0 for result in results)


def every_point(when: str, results: list[Result]) -> Iterator[tuple[Life, ...]]:
    """Go on until runs are over before their kill: no two make quite as many calls."""
    for point in count(1):
        if unhurt(results) >= OVER:
            return
        yield (Kill(point, when),)


async def points(stage: Stage) -> int:
    """Return how many calls an undisturbed run makes, from its start to its end."""
    whole = await stage.run()
    assert whole.findings == []
    assert whole.counted > 100
    return whole.counted


@pytest.mark.timeout(600)
async def test_killed_at_a_few_of_its_system_calls_it_loses_and_doubles_nothing(stages):
    begun, number, seed = perf_counter(), await points(stages[0]), int(time() // 86400)
    dice = random.Random(seed)
    pattern = (("before", False), ("after", False), ("before", True), ("after", True))
    runs = [
        (Kill(dice.randrange(1, number * 9 // 10), *pattern[place % len(pattern)]),)
        for place in range(EVERYDAY)
    ]
    results = await play(stages, runs)
    tell(f"a few of {number} points, seed {seed}", results, begun)
    assert unhurt(results) < EVERYDAY


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("when", BOTH)
async def test_killed_at_every_system_call_it_loses_and_doubles_nothing(stages, when):
    begun, results = perf_counter(), list[Result]()
    await play(stages, every_point(when, results), results)
    died = tell(f"every point, {when} the call", results, begun)
    assert {"pwrite64 -wal", "fdatasync -wal", "pwrite64 database"} <= died.keys()
    assert any(each.endswith(" socket") for each in died)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_killed_again_while_it_recovers_it_loses_and_doubles_nothing(stages):
    begun, number, dice = perf_counter(), await points(stages[0]), random.Random(19)
    runs = [
        (Kill(dice.randrange(1, number), BOTH[turn % 2]), Kill(dice.randrange(1, number // 4)))
        for turn in range(RECOVERIES)
    ]
    tell("killed twice", await play(stages, runs), begun)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_power_cut_takes_nothing_that_was_acknowledged(stages):
    begun, number = perf_counter(), await points(stages[0])
    step = max(number // POWER_CUTS, 1)
    cuts = range(step // 2 + 1, number, step)
    runs = [(Kill(point, BOTH[turn % 2], power=True),) for turn, point in enumerate(cuts)]
    results = await play(stages, runs)
    tell("power cuts", results, begun)
    lossy = sum(not death.endswith(" -1") for result in results for death in result.deaths)
    print(f"{lossy} of them took bytes that were not synced")  # noqa: T201
    assert lossy > 0


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_two_hundred_kills_at_random_lose_and_double_nothing(stages):
    begun, dice, results = perf_counter(), random.Random(20), []
    for stage in stages:
        stage.customers = 4

    async def one(stage: Stage) -> None:
        while sum(result.kills for result in results) < RANDOM_KILLS:
            lives = tuple(dice.uniform(0.1, 1.2) for _ in range(A_RUN))
            results.append(await stage.run(*lives))
            tell_at_once(lives, results)

    await asyncio.gather(*(one(stage) for stage in stages))
    tell("random kills, 20 conversations", results, begun)
