from datetime import timedelta

import pytest

from channels.errors import Unauthorized, Unavailable
from channels.simulation import Fault


async def test_an_account_that_is_well_says_how_long_its_token_lasts(joined):
    async with joined() as (adapter, simulator):
        simulator.standing.used = 30
        found = await adapter.check(None)
    assert [finding.level for finding in found] == ["ok", "ok"]
    assert found[0].line == "The access token lasts 90 more days"
    assert found[1].line == "120 of 150 calls of this hour are left"


@pytest.mark.parametrize(
    ("days", "level"), [(7, "ok"), (6, "warning"), (0, "problem"), (-3, "problem")]
)
async def test_a_token_near_its_end_is_told_in_time(joined, days, level):
    async with joined() as (adapter, simulator):
        simulator.standing.lasts = timedelta(days=days)
        found = await adapter.check(None)
    assert found[0].level == level
    assert "access_token" in (found[0].mend or "access_token")


async def test_a_token_of_another_account_is_told(joined):
    async with joined() as (adapter, simulator):
        simulator.standing.uid = "42"
        found = await adapter.check(None)
    assert found[0].level == "problem"
    assert "42" in found[0].line


async def test_few_calls_left_are_worth_a_warning(joined):
    async with joined() as (adapter, simulator):
        simulator.standing.used = 140
        found = await adapter.check(None)
    assert found[1].level == "warning"


async def test_an_expired_token_says_how_to_get_another(joined):
    async with joined() as (adapter, simulator):
        simulator.expire_token()
        found = await adapter.check(None)
    assert {finding.level for finding in found} == {"problem"}
    assert all("new access_token" in finding.mend for finding in found)
    assert "绑定IP" in adapter.explain(Unauthorized("no (Weibo 10004: IP limit)")).mend


async def test_a_platform_that_is_down_is_one_error(joined):
    async with joined() as (adapter, simulator):
        simulator.faults.append(Fault(503))
        with pytest.raises(Unavailable):
            await adapter.check(None)


async def test_a_passive_account_is_asked_nothing(joined):
    async with joined(mode="passive") as (adapter, simulator):
        (found,) = await adapter.check(None)
        assert simulator.calls == []
    assert found.level == "ok"
