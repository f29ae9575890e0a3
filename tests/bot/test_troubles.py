"""Every trouble of every platform, through the real adapter and the real sender."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from bot.delivery import TRIES
from channels import registry
from channels.simulation import Fault
from channels.testing import as_request, serve, troubles
from storage.models import LaneKind
from tests.bot.conftest import Build, House, Time
from tests.leaps import leap

PLATFORMS = (
    "wechat",
    "wecom",
    "miniprogram",
    "weibo",
    "telegram",
    "slack",
    "webhook",
    "qq",
    "douyin",
)
YES_BY_STATUS = frozenset({"webhook"})
"""Where 2xx means that a message was taken, whatever the answer says besides."""
PATIENT = 20.0
"""Seconds until we give an answer up; of those that never come they are leapt over."""
SECONDS = {
    "too fast": 1,
    "too fast for half a minute": 30,
    "too fast until a date": 15,
    "too fast, for how long is garbage": 5,
    "too fast, for how long is negative": 5,
}
"""How long a platform asks to be left alone, at least; nonsense is no reason to hurry."""
AFTERWARDS = ("slow after the work", "reset after the work", "half an answer", "malformed")
"""The customer has the message, and we are told nothing."""
NEVER = ("500", "502", "503", "a redirect")
"""The platform says clearly that it did not take it."""
NAMES = (
    *troubles.short(registry.find("slack").simulator("any", lambda: None), 0),
    *troubles.severe(""),
)


class Line:
    """One inbox on a simulated platform, and a trap where a redirect leads."""

    def __init__(self, house: House, simulator, trap: str) -> None:
        self.house, self.simulator = house, simulator
        self.said = 0
        self.over = asyncio.Event()
        self.troubles = {
            **troubles.short(simulator, 2 * PATIENT),
            **troubles.severe(f"{trap}/trap"),
        }

    def meets(self, fault: Fault, times: int = 1) -> None:
        """Let the platform be in this trouble."""
        self.simulator.faults.append(replace(fault, times=times, pause=self._outlasts))

    async def _outlasts(self, _delay: float) -> None:
        """Wait longer than the caller, who waits no more."""
        leap(PATIENT + 1)
        await self.over.wait()

    async def asked(self) -> None:
        self.said += 1
        push = self.simulator.say("1001", f"question {self.said}")
        await self.house.intake.receive("shop", as_request(self.simulator.happened(push)))
        await self.house.heard(self.said)
        await self.house.think()

    async def ends(self) -> list[timedelta]:
        """Send until nothing is left to send; return the waits between two tries."""
        tries, time = [], self.house.time
        for _ in range(3 * TRIES):
            tries.append(time())
            await self.house.send()
            lane = await self.house.lane(LaneKind.OUT, self.lane)
            if lane.ready_at is None:
                break
            paused = self.house.inboxes.by_name["shop"].paused_until
            time.now = max(lane.ready_at, paused or lane.ready_at, time.now)
        return [later - earlier for earlier, later in pairwise(tries)]

    @property
    def lane(self) -> str:
        return self._lane

    async def find_lane(self) -> None:
        self._lane = (await self.house.deliveries())[0].lane

    def shown(self) -> list[str]:
        return [seen.text for seen in self.simulator.screen]


@pytest.fixture
def url(empty: Path, tmp_path: Path) -> str:
    """One engine is enough: what an adapter makes of an answer, no database knows."""
    shutil.copy(empty, tmp_path / "yingda.db")
    return f"sqlite:///{tmp_path}/yingda.db"


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def trapped() -> list[str]:
    return []


@pytest.fixture
async def line(platform: str, build: Build, time: Time, trapped: list[str]) -> AsyncIterator[Line]:
    """A line over which one message already went."""
    simulator = registry.find(platform).simulator("shop", time)

    async def trap(request):
        trapped.append(request.url.path)
        return Response(b'{"ok":true}', 200)

    app = Starlette(
        routes=[
            Route("/trap", trap, methods=["GET", "POST"]),
            Mount("/", app=simulator.app),
        ]
    )
    async with serve(app) as base:
        told = {"channel": platform, "base_url": base, "timeout": PATIENT}
        house = await build(shop={**told, **simulator.settings}).open()
        line = Line(house, simulator, base)
        await line.asked()
        await line.find_lane()
        await line.ends()
        assert await house.statuses() == ["sent"]
        yield line
        line.over.set()
        await house.inboxes.stop()


@pytest.mark.parametrize("name", NAMES)
async def test_a_message_that_meets_a_trouble_ends_and_its_end_is_true(line, name, trapped):
    line.meets(line.troubles[name])
    await line.asked()
    await line.asked()
    waits = await line.ends()
    assert not trapped
    status, after = (await line.house.statuses())[1:]
    shown = line.shown().count("re: question 2")
    assert status in ("sent", "uncertain")
    assert status == "uncertain" or shown == 1
    assert shown <= 1
    assert after == "sent", "what came behind it was held up"
    if name in SECONDS:
        assert status == "sent"
        assert waits[0] >= timedelta(seconds=SECONDS[name])
    if name in NEVER:
        assert status == "sent"
    if name in AFTERWARDS:
        repeats = line.house.adapter().capabilities.idempotent_send
        assert (status, shown) == ("sent" if repeats else "uncertain", 1)


@pytest.mark.parametrize("name", ["500", "busy", "slow", "reset", "an expired token"])
async def test_a_trouble_that_stays_ends_after_eight_tries(line, platform, name):
    line.meets(line.troubles[name], 10_000)
    await line.asked()
    await line.ends()
    delivery = (await line.house.deliveries())[1]
    if name == "busy" and platform in YES_BY_STATUS:
        assert (delivery.status.value, delivery.attempts) == ("sent", 1)
        return
    assert delivery.status.value in ("failed", "uncertain")
    assert delivery.attempts <= TRIES
    assert "re: question 2" not in line.shown()
    told = line.simulator.settings.items()
    secrets = [value for key, value in told if "secret" in key or "token" in key]
    assert not [secret for secret in secrets if secret in (delivery.problem or "")]
