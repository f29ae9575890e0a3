import pytest

from channels.errors import Unauthorized, Unavailable
from channels.simulation import Fault
from tests.channels.slack.conftest import build


def levels(found):
    return [finding.level for finding in found]


async def test_an_app_with_all_its_scopes_is_well(adapter):
    found = await adapter.check(None)
    assert levels(found) == ["ok", "ok"]
    assert found[0].line == "The app is installed in Simulated"


@pytest.mark.parametrize(
    ("missing", "level"), [("files:write", "warning"), ("im:history", "problem")]
)
async def test_a_missing_scope_is_named_with_its_mend(adapter, simulator, missing, level):
    simulator.scopes.remove(missing)
    found = await adapter.check(None)
    assert found[1].level == level
    assert missing in found[1].line
    assert "install the app again" in found[1].mend


async def test_a_workspace_that_tells_no_scopes_is_not_blamed(adapter, simulator):
    simulator.scopes.clear()
    assert levels(await adapter.check(None)) == ["ok", "ok"]


async def test_a_socket_is_asked_for_where_one_is_used(simulator, url):
    async with build(simulator, url, transport="socket") as adapter:
        assert len(await adapter.check(None)) == 3
        simulator.app_token = "xapp-another"
        with pytest.raises(Unauthorized):
            await adapter.check(None)


async def test_a_platform_that_is_down_is_one_error(adapter, simulator):
    simulator.faults.append(Fault(503))
    with pytest.raises(Unavailable):
        await adapter.check(None)


async def test_slacks_words_are_explained(adapter):
    assert "xoxb-" in adapter.explain(Unauthorized("Slack says token_revoked")).mend
    assert "scope" in adapter.explain(Unauthorized("Slack says missing_scope")).mend
    assert adapter.explain(Unavailable("HTTP 503")) is None
