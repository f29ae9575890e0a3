"""The whole drill: platforms outside, an instance inside, traffic, kills, and the verdict."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlmodel import Session
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.config import BadConfig
from bot.drill import script
from bot.drill.instance import PRODUCT, Instance
from bot.drill.judge import Figures, judge
from bot.drill.stage import IMPATIENT, Stage
from channels import registry
from channels.base import Clock
from channels.simulation import Simulator
from channels.testing import serve, troubles
from faq.stored import save
from storage import overview, schema
from storage.database import Database

CHANNELS = (
    "wechat",
    "wecom",
    "miniprogram",
    "weibo",
    "telegram",
    "slack",
    "webchat",
    "webhook",
    "qq",
    "douyin",
    "email",
)
MESSAGES, SEED = 60, 1
HURRIED = {"timeout": IMPATIENT, "poll_seconds": 10, "idle_seconds": 10}
"""Waits of an inbox, where it has them, that a drill cannot sit out."""
UNCALLED = frozenset({"webchat"})
"""Channels whose platform we never call, so that it cannot fail us."""
SETTLE_SECONDS = 180.0
"""How long the instance may take to work off what is left; a lease must be able to run out."""
MESSAGES_A_KILL = 4
THINKS_MS = 10_000
KILL_PAUSE = (0.3, 1.5)
"""Seconds between being ready and the next kill."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play."""

    channels: Sequence[str] = CHANNELS
    messages: int = MESSAGES
    """Of each channel."""
    seed: int = SEED
    kill: bool = False
    database_url: str | None = None
    """An empty database; without it a file that is thrown away."""
    roles: Sequence[str] = ("all",)
    """The processes of the instance; the first one is called by the platforms."""
    program: Sequence[str] = PRODUCT
    """What to trouble; a drill that is itself on trial is given a product with a defect."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the drill found."""

    channels: Mapping[str, Figures]
    kills: int
    settled: bool

    @property
    def holds(self) -> bool:
        """Whether nothing acknowledged was lost, doubled or out of order."""
        return all(figures.holds for figures in self.channels.values())


async def play(plan: Plan, clock: Clock, tell: Tell) -> Verdict:
    """Play the drill and judge it; everything that was started is ended.

    Raises:
        BadConfig: the database has been worked with.
        bot.drill.instance.Unfit: the instance does not start.
    """
    with TemporaryDirectory(prefix="yingda-drill-") as name:
        url = plan.database_url or f"sqlite:///{name}/drill.db"
        await asyncio.to_thread(schema.upgrade, url)
        async with Database(url, guest=True) as db:
            if not await db.read(overview.is_unused):
                raise BadConfig("the drill needs an empty database; this one has been worked with")
            entries = script.entries(2 * plan.messages)
            await db.write(save, entries, clock(), note="drill")
            async with _theatre(plan, Path(name), url, clock) as (instances, stages):
                return await _perform(plan, instances, stages, db, tell)


@asynccontextmanager
async def _theatre(
    plan: Plan, folder: Path, url: str, clock: Clock
) -> AsyncIterator[tuple[list[Instance], list[Stage]]]:
    simulators = [registry.find(name).simulator(f"drill_{name}", clock) for name in plan.channels]
    platforms = Starlette(routes=[Mount(f"/{one.channel}", app=one.app) for one in simulators])
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    async with (
        httpx.AsyncClient(trust_env=False, timeout=10, limits=limits) as client,
        serve(platforms) as base,
        contextlib.AsyncExitStack() as stack,
    ):
        for one in simulators:
            await stack.enter_async_context(one.serving())
        settings = _settings(simulators, url, base)
        made = [
            Instance(folder / f"{number}-{role}", settings, plan.program, role)
            for number, role in enumerate(plan.roles)
        ]
        instances = [await stack.enter_async_context(one) for one in made]
        yield instances, [Stage(one, instances[0].root, client) for one in simulators]


COUNTING = ("wechat", "wecom", "miniprogram", "qq", "douyin")
UNCOUNTED: Mapping[str, Mapping[str, Any]] = {
    **{name: {"window_replies": 1000} for name in COUNTING},
    "email": {"automatic_per_hour": 1000, "messages_per_second": 50},
}
"""A drill's customers write faster than any quota of replies is meant for."""


def _settings(simulators: Sequence[Simulator], url: str, base: str) -> dict[str, Any]:
    return {
        "database_url": url,
        "demo": False,
        "log": {"level": "warning"},
        # A busy machine must not turn a known answer into "please say it differently".
        "faq": {"encoder": "off", "budget_ms": THINKS_MS},
        "inboxes": {one.inbox: _inbox(one, base) for one in simulators},
    }


def _inbox(simulator: Simulator, base: str) -> dict[str, Any]:
    known = registry.find(simulator.channel).config.model_fields
    impatient = {name: seconds for name, seconds in HURRIED.items() if name in known}
    return {
        "channel": simulator.channel,
        "base_url": f"{base}/{simulator.channel}",
        **simulator.settings,
        **UNCOUNTED.get(simulator.channel, {}),
        **impatient,
    }


async def _perform(
    plan: Plan, instances: Sequence[Instance], stages: Sequence[Stage], db: Database, tell: Tell
) -> Verdict:
    client = stages[0].client
    tell("starting the instance")
    await asyncio.gather(*(one.start(client) for one in instances))
    with _running(_readings(plan, stages)):
        kills = await _act(plan, instances, stages, tell)
        settled = await _settle(stages, db, tell)
    for stage in stages:
        await stage.fetch(list(_scripts(plan, stage)))
    await asyncio.gather(*(one.stop() for one in instances))
    records = {stage.simulator.channel: await db.read(stage.records) for stage in stages}
    figures = {channel: judge(found) for channel, found in records.items()}
    return Verdict(figures, kills, settled)


async def _act(
    plan: Plan, instances: Sequence[Instance], stages: Sequence[Stage], tell: Tell
) -> int:
    over = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as acts:
            killing = acts.create_task(_kill(plan, instances, stages, over, tell))
            acts.create_task(_raise_the_curtain(plan, stages, over, tell))
    except ExceptionGroup as problems:
        # Whoever waits for an instance that does not start knows its name, and no group's.
        raise problems.exceptions[0] from problems
    return killing.result()


def _scripts(plan: Plan, stage: Stage) -> dict[str, list[script.Step]]:
    channel = stage.simulator.channel
    faults = () if channel in UNCALLED else tuple(troubles.short(stage.simulator, 0))
    stale, forged = stage.simulator.can_be_stale, stage.simulator.can_be_forged
    return script.scripts(plan.seed, channel, plan.messages, faults, stale=stale, forged=forged)


async def _raise_the_curtain(
    plan: Plan, stages: Sequence[Stage], over: asyncio.Event, tell: Tell
) -> None:
    tell(f"{plan.messages} messages on each of {', '.join(plan.channels)}; seed {plan.seed}")
    try:
        async with asyncio.TaskGroup() as customers:
            for stage in stages:
                for contact, steps in _scripts(plan, stage).items():
                    customers.create_task(stage.play(contact, steps))
    finally:
        over.set()


def _readings(plan: Plan, stages: Sequence[Stage]) -> list[asyncio.Task[None]]:
    return [
        asyncio.create_task(stage.look(list(_scripts(plan, stage))))
        for stage in stages
        if stage.simulator.channel in UNCALLED
    ]


@contextlib.contextmanager
def _running(tasks: Sequence[asyncio.Task[None]]) -> Iterator[None]:
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()


async def _kill(
    plan: Plan,
    instances: Sequence[Instance],
    stages: Sequence[Stage],
    over: asyncio.Event,
    tell: Tell,
) -> int:
    """Kill and restart processes of the instance while there is traffic; return how often."""
    dice, kills = random.Random(plan.seed), 0  # noqa: S311 - a script, no secret
    most = 1 + plan.messages // MESSAGES_A_KILL
    while plan.kill and kills < most and (not over.is_set() or not kills):
        await asyncio.sleep(dice.uniform(*KILL_PAUSE))
        struck = dice.choice(instances)
        await struck.kill()
        for stage in stages:
            stage.simulator.dropped()
        kills += 1
        await struck.start(stages[0].client)
        tell(f"killed and started again: {struck.role} ({kills})")
    return kills


async def _settle(stages: Sequence[Stage], db: Database, tell: Tell) -> bool:
    """Wait until nothing is on its way any more, nor waits to be asked for; say if that came."""
    told = -1
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE_SECONDS):
            while left := _unasked(stages) + await db.read(_unfinished):
                if left != told:
                    tell(f"{left} threads or messages are still on their way")
                told = left
                await asyncio.sleep(0.5)
            return True
    return False


def _unasked(stages: Sequence[Stage]) -> int:
    return sum(stage.simulator.unasked() for stage in stages)


def _unfinished(session: Session) -> int:
    return overview.unfinished(session)
