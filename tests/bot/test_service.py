"""One process: started in order, stopped in time, and nothing lost between two lives."""

import asyncio
import shutil
from datetime import timedelta

import pytest

from bot.config import Config, inbox
from bot.demo import Demo
from bot.service import Service, brand_of
from channels.message import text_of
from channels.testing import closed_url
from storage import lanes
from storage.database import DatabaseInUse
from storage.models import LaneKind
from tests.postgres import on_sqlite


@on_sqlite
async def test_a_second_process_on_the_same_file_is_refused(run):
    served = await run()
    second = Service(served.service.config, served.service.clock, None)
    with pytest.raises(DatabaseInUse, match="another process"):
        await second.__aenter__()


@on_sqlite
async def test_what_one_life_did_not_finish_the_next_one_does(build, run, tmp_path, empty):
    house = build()
    await house.db.__aexit__()
    shutil.copy(empty, tmp_path / "yingda.db")
    await house.db.__aenter__()
    await house.hears("hello")
    await house.hears("and bye", thread="tom")
    await house.think()
    await house.hears("one more")
    for kind in LaneKind:
        lease = timedelta(days=9)
        assert await house.db.write(lanes.claim, kind, "dead", house.time(), lease)
    await house.db.__aexit__()
    served = await run()
    async with asyncio.timeout(60):
        sent = await served.adapter().until(3)
    words = [text_of(message.parts) for message in sent]
    assert sorted(words[:2]) == ["re: and bye", "re: hello"]
    assert len(words) == 3


async def test_after_its_end_nothing_of_it_runs(run):
    served = await run()
    service = served.service
    before = {task for task in asyncio.all_tasks() if not task.done()}
    assert {"in", "out", "inbox shop", "live"} <= {task.get_name() for task in before}
    await service.__aexit__()
    names = {task.get_name() for task in asyncio.all_tasks() if not task.done()}
    assert not names & {"in", "out", "inbox shop", "live"}
    assert not service.ticker._scheduler.running
    assert service.stopping


async def test_it_can_be_told_to_stop_twice(run):
    served = await run()
    served.service.begin_stop()
    served.service.begin_stop()
    assert served.service.stopping


async def test_the_desk_is_told_where_the_platform_must_call(run):
    served = await run(public_url="https://help.example")
    (state,) = served.service.states()
    assert state.webhook_url == "https://help.example/inboxes/shop/webhook"


async def test_a_web_chat_has_its_brand_and_nothing_else_has(run):
    look = {
        "channel": "webchat",
        "title": {"zh": "云杉", "en": "Spruce"},
        "color": "#112233",
        "suggestions": ["退货"],
        "allowed_origins": ["https://shop.example"],
    }
    served = await run({"shop": {}, "site": look})
    assert served.service.brand("shop") is None
    assert served.service.brand("nobody") is None
    brand = served.service.brand("site")
    assert (brand.title, brand.color) == ("云杉", "#112233")
    assert brand.suggestions == {"zh": ("退货",)}
    assert brand.allowed_origins == ("https://shop.example",)


def test_a_chat_without_a_chinese_title_shows_the_one_it_has():
    brand = brand_of(inbox("site", {"channel": "webchat", "title": {"en": "Spruce"}}))
    assert (brand.title, brand.suggestions) == ("Spruce", {})


async def test_a_demo_whose_platforms_are_down_can_be_stopped(clock, tmp_path):
    config = Config(database_url=f"sqlite:///{tmp_path}/x.db", data_dir=tmp_path)
    async with Service(config, clock, Demo(closed_url(), clock)) as service:
        assert "demo_web" in service.inboxes.by_name
    assert service.inboxes.able() == []
