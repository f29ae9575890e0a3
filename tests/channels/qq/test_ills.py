from channels.errors import Unauthorized


async def test_the_bot_is_told_by_its_name(joined):
    async with joined() as (adapter, _):
        (found,) = await adapter.check(None)
    assert (found.level, found.line) == ("ok", "QQ knows the bot as 模拟机器人")


async def test_a_token_that_is_over_is_renewed_for_the_question(joined):
    async with joined() as (adapter, simulator):
        simulator.expire_token()
        (found,) = await adapter.check(None)
    assert found.level == "ok"


async def test_an_address_that_is_not_allowed_is_told_with_its_mend(joined):
    async with joined() as (adapter, simulator):
        simulator.listed = False
        (found,) = await adapter.check(None)
    assert found.level == "problem"
    assert "IP白名单" in found.mend


async def test_a_wrong_secret_says_where_the_right_one_stands(joined):
    async with joined() as (adapter, _):
        told = "QQ gave no access token (100007: appid invalid); see app_id, app_secret"
        found = adapter.explain(Unauthorized(told))
    assert "开发设置" in found.mend
