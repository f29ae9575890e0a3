import pytest

from channels.errors import Unauthorized, Unavailable
from channels.simulation import Fault
from channels.telegram.adapter import Adapter
from channels.telegram.config import Config
from channels.telegram.simulator import Simulator
from channels.testing import RememberedMemory, serve

CALLBACK = "https://help.example/inboxes/main/webhook"


async def look(build, simulator, callback=CALLBACK, webhook=CALLBACK):
    async with build() as adapter:
        simulator.webhook = webhook
        return await adapter.check(callback)


def levels(found):
    return [finding.level for finding in found]


async def test_a_bot_whose_calls_arrive_is_well(build, simulator):
    found = await look(build, simulator, CALLBACK)
    assert set(levels(found)) == {"ok"}
    assert found[0].line == f"Telegram calls {CALLBACK}"
    assert set(levels(await look(build, simulator, None))) == {"ok"}


async def test_a_webhook_that_nobody_set_is_a_problem(build, simulator):
    found = await look(build, simulator, webhook="")
    assert levels(found) == ["problem", "ok"]
    assert "webhook_url" in found[0].mend


async def test_a_webhook_that_leads_elsewhere_is_a_problem_without_its_query(build, simulator):
    found = await look(build, simulator, webhook="https://other.example/hook?token=s3cr3t")
    assert levels(found)[0] == "problem"
    assert "https://other.example/hook and not" in found[0].line
    assert "s3cr3t" not in found[0].line


async def test_a_call_that_failed_lately_is_told_with_telegrams_words(build, simulator, clock):
    now = int(clock().timestamp())
    simulator.failed_call = (now - 60, "SSL error {certificate verify failed}")
    found = await look(build, simulator)
    assert levels(found)[1] == "problem"
    assert "certificate verify failed" in found[1].line
    simulator.failed_call = (now - 7200, "Bad Gateway")
    assert levels(await look(build, simulator))[1] == "ok"


async def test_updates_that_pile_up_and_kinds_that_are_not_told_are_warnings(build, simulator):
    for number in range(101):
        simulator.offer(simulator.say("1001", f"{number}"))
    simulator.told = ["message"]
    found = await look(build, simulator)
    assert [finding.level for finding in found[2:4]] == ["warning", "warning"]
    assert "callback_query" in found[3].line


async def test_a_bot_that_hears_everything_in_groups_is_told(build, simulator):
    simulator.hears_all = True
    found = await look(build, simulator)
    assert levels(found)[-1] == "warning"
    assert "/setprivacy" in found[-1].mend


async def test_somebody_elses_webhook_keeps_a_polling_bot_from_asking(clock):
    simulator = Simulator("main", clock, transport="polling")
    async with serve(simulator.app) as url:
        config = Config(channel="telegram", **simulator.settings, base_url=url)
        async with Adapter("main", config, RememberedMemory(), clock) as adapter:
            assert levels(await adapter.check(None)) == ["ok", "ok"]
            simulator.webhook = "https://other.example/hook"
            found = await adapter.check(None)
    assert levels(found)[0] == "problem"


async def test_a_platform_that_is_down_is_one_error(build, simulator):
    async with build() as adapter:
        simulator.faults.append(Fault(502, b"<html>"))
        with pytest.raises(Unavailable):
            await adapter.check(None)


async def test_an_unknown_token_is_explained(build):
    adapter = build()
    told = Unauthorized("Telegram does not know this bot_token; ask @BotFather for it")
    assert "@BotFather" in adapter.explain(told).mend
    assert adapter.explain(Unavailable("HTTP 502")) is None
