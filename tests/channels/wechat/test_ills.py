import pytest

from channels.errors import Unauthorized, Unavailable
from channels.simulation import Fault
from channels.wechat.adapter import Adapter
from channels.wechat.config import Config
from channels.wechat.simulator import refusal


def lines(found):
    return {finding.line: finding.level for finding in found}


async def test_an_account_that_is_well_says_so(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.sent_today = 10
        assert lines(await adapter.check("https://help.example/inboxes/shop/webhook")) == {
            "The account may send customer-service replies": "ok",
            "499990 of 500000 replies of this day are left": "ok",
            "WeChat reaches the server URL": "ok",
            "The account's menu is as config.yaml says, if it says anything": "ok",
        }


@pytest.mark.parametrize(
    ("ill", "level", "words"),
    [
        ({"may_reply": False}, "problem", "微信认证"),
        ({"sent_today": 499_000}, "warning", "1000 of 500000"),
        ({"sent_today": 500_000}, "problem", "used up"),
        ({"reached": False}, "warning", "ping"),
        ({"resolved": False}, "problem", "cannot resolve"),
    ],
)
async def test_each_ill_is_told_with_its_mend_and_leaves_the_others(joined, ill, level, words):
    async with joined() as (adapter, simulator):
        for name, value in ill.items():
            setattr(simulator.platform, name, value)
        found = await adapter.check(None)
    assert len(found) == 4
    (bad,) = [finding for finding in found if finding.level != "ok"]
    assert bad.level == level
    assert words in bad.line
    assert bad.mend


async def test_a_menu_that_drifted_is_a_warning(joined):
    menu = {"entries": [{"name": "售后", "key": "help"}]}
    async with joined({"menu": menu}) as (adapter, _):
        found = await adapter.check(None)
    assert found[-1].level == "warning"
    assert "missing: 售后" in found[-1].line


async def test_a_list_of_servants_that_is_not_kept_is_no_ill(joined):
    async with joined() as (adapter, simulator):
        simulator.faults.append(refusal(65400, "please enable new custom service"))
        found = await adapter.check(None)
    assert {finding.level for finding in found} == {"ok"}


async def test_an_address_that_is_not_allowed_is_told_with_the_address(joined):
    async with joined() as (adapter, simulator):
        simulator.platform.listed = False
        simulator.platform.expire_token()
        found = await adapter.check(None)
    assert all("203.0.113.7" in finding.line for finding in found[:3])
    assert all("IP白名单" in finding.mend for finding in found[:3])


async def test_a_wrong_secret_says_where_the_right_one_stands(joined):
    async with joined() as (adapter, _):
        pass
    finding = adapter.explain(Unauthorized("no (WeChat 40125: invalid appsecret)"))
    assert "app_secret" in finding.mend
    assert adapter.explain(Unavailable("HTTP 502")) is None


async def test_a_platform_that_is_down_is_one_error(joined):
    async with joined() as (adapter, simulator):
        simulator.faults.append(Fault(502, b"<html>"))
        with pytest.raises(Unavailable):
            await adapter.check(None)


async def test_a_passive_account_is_asked_nothing(clock):
    told = {"app_id": "wx1", "app_secret": "s", "token": "t", "mode": "passive"}
    adapter = Adapter("shop", Config(channel="wechat", **told), None, clock)
    (found,) = await adapter.check(None)
    assert found.level == "ok"
