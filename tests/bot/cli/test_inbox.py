"""An account's own menu, from the configuration to the platform."""

import asyncio
import threading
from datetime import UTC, datetime

import pytest
import yaml

from channels.testing import serve
from channels.wechat.simulator import Simulator

MENU = {"entries": [{"name": "我的订单", "key": "MENU_ORDERS"}]}


@pytest.fixture
def account():
    """A simulated account whose API is served in another thread."""
    simulator = Simulator("shop", lambda: datetime.now(UTC))
    loop, found, over = asyncio.new_event_loop(), [], asyncio.Event()
    opened = threading.Event()

    async def run():
        async with serve(simulator.app) as url:
            found.append(url)
            opened.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    opened.wait()
    yield simulator, found[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


@pytest.fixture
def shop(config, account):
    """An inbox of that account, with a menu."""
    simulator, url = account
    told = {"channel": "wechat", "base_url": url, "menu": MENU, **simulator.settings}
    config.write_text(config.read_text() + yaml.safe_dump({"inboxes": {"shop": told}}))
    return simulator


def test_what_differs_is_said_and_then_pushed(command, shop):
    shop.platform.menu = [{"type": "click", "name": "旧", "key": "OLD"}]
    done = command("inbox", "menu", "shop")
    assert (done.exit_code, done.stdout.splitlines()) == (
        1,
        ["missing: 我的订单 (MENU_ORDERS)", "not in config.yaml: 旧 (OLD)"],
    )
    done = command("inbox", "menu", "shop", "--push")
    assert done.exit_code == 0, done.output
    assert shop.platform.menu == [{"type": "click", "name": "我的订单", "key": "MENU_ORDERS"}]
    assert command("inbox", "menu", "shop").exit_code == 0


def test_what_the_platform_refuses_is_told_in_one_line(command, shop):
    shop.platform.app_secret = "another"
    done = command("inbox", "menu", "shop", "--push")
    assert done.exit_code == 1
    assert "40125" in done.stderr
    assert "simulated-app-secret" not in done.output


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "no inbox nowhere"), ("site", "webchat have no menu")]
)
def test_an_inbox_without_a_menu_says_so(command, config, name, words):
    config.write_text(config.read_text() + "inboxes: {site: {channel: webchat}}\n")
    assert words in str(command("inbox", "menu", name).exception)
