import pytest

from channels.errors import Unauthorized, Unavailable
from channels.testing import closed_url, serve
from channels.webhook.adapter import Adapter
from channels.webhook.config import Config
from channels.webhook.simulator import OTHER, Simulator


@pytest.fixture
def simulator(clock):
    return Simulator("shop", clock)


@pytest.fixture
async def url(simulator):
    async with serve(simulator.app) as served:
        yield served


def build(simulator, clock, **settings):
    config = Config(channel="webhook", **{**simulator.settings, **settings})
    return Adapter("shop", config, None, clock)


async def test_a_receiver_that_answers_is_well_and_gets_no_message(simulator, clock, url):
    async with build(simulator, clock, base_url=url) as adapter:
        found = await adapter.check(None)
    assert [finding.level for finding in found] == ["ok", "ok", "ok"]
    assert not simulator.screen


async def test_nobody_there_is_unavailable(simulator, clock):
    async with build(simulator, clock, base_url=closed_url()) as adapter:
        with pytest.raises(Unavailable):
            await adapter.check(None)


async def test_plain_http_and_an_old_secret_are_worth_a_warning(simulator, clock, url):
    settings = {"url": f"{url}/replies", "old_secret": OTHER}
    async with build(simulator, clock, **settings) as adapter:
        found = await adapter.check(None)
    assert [finding.level for finding in found] == ["ok", "warning", "warning"]


async def test_a_receiver_that_wants_no_more_is_told(simulator, clock):
    async def gone(scope, receive, send):
        await send({"type": "http.response.start", "status": 410, "headers": []})
        await send({"type": "http.response.body"})

    async with serve(gone) as url, build(simulator, clock, base_url=url) as adapter:
        found = await adapter.check(None)
    assert found[0].level == "problem"
    assert adapter.explain(Unauthorized("HTTP 401")).mend == found[0].mend
