"""A platform that is down, silent or rejecting when we start takes no other one along."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

import pytest

from channels import registry
from channels.simulation import Fault
from channels.testing import as_request, closed_url, serve
from tests.postgres import on_sqlite

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
ASKED_AT_BOOT = ("wecom", "miniprogram", "telegram", "slack", "qq")
"""The platforms that an adapter calls before it is ready."""
TROUBLES = {
    "down": None,
    "silent": Fault(503, delay=1, times=999),
    "rejecting": Fault(401, times=999),
}


async def all_answer(house, simulators) -> None:
    """Let each platform's customer ask, and see their answers."""
    async with asyncio.timeout(60):
        for name, simulator in simulators.items():
            await house.inboxes.by_name[name].ready.wait()
            push = simulator.happened(simulator.say("1001", "hello"))
            await house.intake.receive(name, as_request(push))
        await house.heard(len(simulators))
    await house.think()
    await house.send()
    for simulator in simulators.values():
        assert [seen.text for seen in simulator.screen] == ["re: hello"]
    states = {state.inbox: state for state in house.inboxes.states()}
    assert {states[name].state for name in simulators} == {"ready"}


async def is_told(house, broken) -> None:
    """Wait until the state of an inbox says that it does not work, and why."""
    async with asyncio.timeout(60):
        while True:
            (state,) = [each for each in house.inboxes.states() if each.inbox == broken]
            if state.state == "degraded":
                assert state.detail
                return
            await asyncio.sleep(0.02)


@on_sqlite
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("broken", PLATFORMS)
async def test_the_others_serve_and_its_state_is_shown(build, time, broken, trouble):
    simulators = {name: registry.find(name).simulator(name, time) for name in PLATFORMS}
    over = asyncio.Event()
    if TROUBLES[trouble] is not None:
        fault = replace(TROUBLES[trouble], pause=lambda _delay: over.wait())
        simulators[broken].faults.append(fault)
    async with AsyncExitStack() as stack:
        told = {}
        for name, simulator in simulators.items():
            url = await stack.enter_async_context(serve(simulator.app))
            url = closed_url() if (name, trouble) == (broken, "down") else url
            timeout = 0.3 if name == broken else 60
            told[name] = {
                "channel": name, "base_url": url, "timeout": timeout, **simulator.settings,
            }  # fmt: skip
        house = build(**told)
        house.inboxes.start(house.intake.bring, house.intake.cursor)
        stack.push_async_callback(house.inboxes.stop)
        stack.callback(over.set)
        await all_answer(house, {n: each for n, each in simulators.items() if n != broken})
        if broken in ASKED_AT_BOOT:
            await is_told(house, broken)


async def _says_nothing(reader, writer) -> None:
    with suppress(OSError):
        await reader.read()
    writer.close()


@asynccontextmanager
async def mailbox(trouble, time):
    """Yield the settings of a mailbox whose provider is in trouble."""
    provider = registry.find("email").simulator("email", time)
    async with provider.serving():
        told = {**provider.settings, "channel": "email", "timeout": 0.3}
        quiet = await asyncio.start_server(_says_nothing, "127.0.0.1", 0)
        async with quiet:
            port = {
                "down": int(closed_url().rpartition(":")[2]),
                "silent": quiet.sockets[0].getsockname()[1],
            }.get(trouble)
            if trouble == "rejecting":
                told["password"] = "not-the-right-one"
            yield {**told, "imap_port": port, "smtp_port": port} if port else told


@on_sqlite
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_the_others_serve_while_a_mailbox_is_in_trouble(build, time, trouble):
    slack = registry.find("slack").simulator("slack", time)
    async with serve(slack.app) as url, mailbox(trouble, time) as email:
        told = {"channel": "slack", "base_url": url, **slack.settings}
        house = build(slack=told, email=email)
        house.inboxes.start(house.intake.bring, house.intake.cursor)
        try:
            await all_answer(house, {"slack": slack})
            await is_told(house, "email")
        finally:
            await house.inboxes.stop()
