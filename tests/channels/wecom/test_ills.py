from channels.errors import Unauthorized
from channels.wecom.simulator import ACCOUNT, OTHER


async def test_accounts_that_are_there_are_well(joined):
    async with joined() as (adapter, _):
        (found,) = await adapter.check(None)
    assert (found.level, found.line) == (
        "ok",
        "The accounts that are served are there and may be used: 1",
    )


async def test_an_account_that_wecom_does_not_show_is_named(joined):
    async with joined({"accounts": [ACCOUNT, "wkGONE"]}) as (adapter, _):
        (found,) = await adapter.check(None)
    assert found.level == "problem"
    assert "wkGONE" in found.line
    assert ACCOUNT not in found.line


async def test_an_account_that_may_not_be_used_is_named(joined):
    async with joined({"accounts": [ACCOUNT, OTHER]}) as (adapter, simulator):
        simulator.platform.powerless.add(OTHER)
        (found,) = await adapter.check(None)
    assert found.level == "problem"
    assert OTHER in found.line


async def test_an_untrusted_address_is_told_with_its_mend(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.listed = False
        (found,) = await adapter.check(None)
    assert found.level == "problem"
    assert "203.0.113.7" in found.what % found.values
    assert "企业可信IP" in found.mend


async def test_a_wrong_secret_says_where_the_right_one_stands(joined):
    async with joined() as (adapter, _):
        found = adapter.explain(Unauthorized("no (WeCom 40001: invalid credential)"))
    assert "微信客服" in found.mend
