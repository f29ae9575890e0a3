"""A platform that is down, silent or rejecting when we start takes no other one along."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from channels import registry
from channels.simulation import Fault
from channels.testing import as_request, closed_url, serve
from tests.postgres import on_sqlite

PLATFORMS = ("wechat", "wecom", "miniprogram", "weibo", "telegram", "slack")
ASKED_AT_BOOT = ("wecom", "miniprogram", "telegram", "slack")
"""The platforms that an adapter calls before it is ready."""
TROUBLES = {
    "down": None,
    "silent": Fault(503, delay=1, times=999),
    "rejecting": Fault(401, times=999),
}


@on_sqlite
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("broken", PLATFORMS)
async def test_the_others_serve_and_its_state_is_shown(build, time, broken, trouble):
    simulators = {name: registry.find(name).simulator(name, time) for name in PLATFORMS}
    if TROUBLES[trouble] is not None:
        fault = TROUBLES[trouble]
        simulators[broken].faults.append(Fault(fault.status, delay=fault.delay, times=fault.times))
    async with AsyncExitStack() as stack:
        told = {}
        for name, simulator in simulators.items():
            url = await stack.enter_async_context(serve(simulator.app))
            url = closed_url() if (name, trouble) == (broken, "down") else url
            told[name] = {"channel": name, "base_url": url, "timeout": 0.3, **simulator.settings}
        house = build(**told)
        house.inboxes.start(house.intake.bring, house.intake.cursor)
        stack.push_async_callback(house.inboxes.stop)
        others = [name for name in PLATFORMS if name != broken]
        async with asyncio.timeout(30):
            for name in others:
                await house.inboxes.by_name[name].ready.wait()
                push = simulators[name].happened(simulators[name].say("1001", "hello"))
                await house.intake.receive(name, as_request(push))
            await house.heard(len(others))
        await house.think()
        await house.send()
        for name in others:
            assert [seen.text for seen in simulators[name].screen] == ["re: hello"]
        states = {state.inbox: state for state in house.inboxes.states()}
        assert {states[name].state for name in others} == {"ready"}
        async with asyncio.timeout(30):
            while broken in ASKED_AT_BOOT and states[broken].state != "degraded":
                await asyncio.sleep(0.02)
                states = {state.inbox: state for state in house.inboxes.states()}
        assert broken not in ASKED_AT_BOOT or states[broken].detail
