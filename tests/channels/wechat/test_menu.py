"""The account's own menu: what it may hold, and how it differs from what the platform shows."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from channels.errors import Refused, Unavailable
from channels.message import Selection
from channels.testing import as_request
from channels.wechat.menu import Menu, menu_drift
from channels.wechat.simulator import refusal

OPENID = "oTESTopenid0000000000000001"
WANTED = {
    "entries": [
        {"name": "我的订单", "key": "MENU_ORDERS"},
        {
            "name": "帮助",
            "entries": [
                {"name": "常见问题", "url": "https://example.com/faq"},
                {"name": "商城", "url": "https://example.com/", "app_id": "wx1", "page": "p/shop"},
            ],
        },
    ]
}
SHOWN = [
    {"type": "click", "name": "我的订单", "key": "MENU_ORDERS", "sub_button": []},
    {
        "name": "帮助",
        "sub_button": [
            {"type": "view", "name": "常见问题", "url": "https://example.com/faq"},
            {
                "type": "miniprogram",
                "name": "商城",
                "url": "https://example.com/",
                "appid": "wx1",
                "pagepath": "p/shop",
            },
        ],
    },
]


def drift(buttons):
    return menu_drift(Menu.model_validate(WANTED), {"menu": {"button": buttons}})


def test_a_menu_as_wanted_has_no_drift():
    assert drift(SHOWN) == ()


def test_what_is_missing_or_strange_is_named():
    first = {"type": "click", "name": "我的订单", "key": "OLD"}
    assert drift([first, SHOWN[1]]) == (
        "missing: 我的订单 (MENU_ORDERS)",
        "not in config.yaml: 我的订单 (OLD)",
    )
    assert drift([SHOWN[0]]) == (
        "missing: 帮助",
        "missing: 帮助 / 常见问题 (https://example.com/faq)",
        "missing: 帮助 / 商城 (p/shop)",
    )


def test_another_order_is_a_drift():
    assert drift([SHOWN[1], SHOWN[0]]) == ("the order is another one",)


@pytest.mark.parametrize(
    "shown",
    [{}, {"menu": None}, {"menu": []}, {"menu": {"button": "x"}}, {"menu": {"button": [None, 7]}}],
)
def test_no_menu_and_a_senseless_one_lack_everything(shown):
    assert len(menu_drift(Menu.model_validate(WANTED), shown)) == 4


@pytest.mark.parametrize(
    "wrong",
    [
        {"entries": []},
        {"entries": [{"name": "x", "key": "1"}] * 4},
        {"entries": [{"name": "x"}]},
        {"entries": [{"name": "x", "key": "1", "url": "https://example.com"}]},
        {"entries": [{"name": "x", "url": "javascript:1"}]},
        {"entries": [{"name": "x", "page": "p", "url": "https://example.com"}]},
        {"entries": [{"name": "太长的菜单名字", "key": "1"}]},
        {"entries": [{"name": "x", "key": "1" * 129}]},
        {"entries": [{"name": "x", "entries": [{"name": "y", "key": "1"}] * 6}]},
        {
            "entries": [
                {"name": "x", "entries": [{"name": "y", "entries": [{"name": "z", "key": "1"}]}]}
            ]
        },
    ],
)
def test_what_the_platform_would_not_take_is_refused_at_the_start(wrong):
    with pytest.raises(ValidationError):
        Menu.model_validate(wrong)


async def test_the_account_says_how_its_menu_differs(joined):
    async with joined({"menu": WANTED}) as (adapter, simulator):
        assert len(await adapter.menu_drift()) == 4
        simulator.platform.menu = SHOWN
        assert await adapter.menu_drift() == ()
        simulator.platform.expire_token()
        assert await adapter.menu_drift() == ()
        simulator.faults.append(refusal(-1))
        with pytest.raises(Unavailable):
            await adapter.menu_drift()


async def test_without_a_menu_in_the_settings_nothing_is_asked(joined):
    async with joined() as (adapter, simulator):
        before = list(simulator.calls)
        assert await adapter.menu_drift() == ()
        assert simulator.calls == before


async def test_a_tap_on_the_menu_is_shown_with_its_words(joined):
    async with joined({"menu": WANTED}) as (adapter, simulator):
        (message,) = (
            await adapter.receive(as_request(simulator.click(OPENID, "MENU_ORDERS")))
        ).messages
        assert message.parts == (Selection(value="MENU_ORDERS", label="我的订单"),)
        push = simulator.click(OPENID, "ANOTHER")
        (message,) = (await adapter.receive(as_request(push))).messages
        assert message.parts == (Selection(value="ANOTHER"),)


async def test_a_pushed_menu_is_as_wanted(joined):
    async with joined({"menu": WANTED}) as (adapter, simulator):
        assert len(await adapter.menu_drift()) == 4
        await adapter.push_menu()
        assert await adapter.menu_drift() == ()
        stripped = [{k: v for k, v in button.items() if v} for button in SHOWN]
        assert simulator.platform.menu == stripped


@pytest.mark.parametrize("told", [{}, {"menu": WANTED, "mode": "passive"}])
async def test_without_a_menu_in_the_settings_none_is_pushed(joined, told):
    async with joined(told) as (adapter, simulator):
        with pytest.raises(Refused, match="no menu"):
            await adapter.push_menu()
        assert "/cgi-bin/menu/create" not in simulator.calls
