"""A drill against a real instance, which is a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.config import BadConfig
from bot.drill.play import CHANNELS, Plan, play
from faq.demo import publish_demo
from storage import schema
from storage.database import Database
from tests.postgres import on_postgres


def moment():
    return datetime.now(UTC)


async def test_a_small_drill_holds_on_every_channel():
    told = []
    verdict = await play(Plan(messages=8, seed=3), moment, told.append)
    assert verdict.settled
    assert set(verdict.channels) == set(CHANNELS)
    for figures in verdict.channels.values():
        assert figures.acknowledged == figures.sent_in == 8
        assert figures.answered >= 8 - figures.uncertain
        assert figures.holds
    assert told


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_drill_with_kills_holds():
    verdict = await play(Plan(messages=24, seed=4, kill=True), moment, print)
    assert verdict.settled
    assert verdict.kills
    assert verdict.holds, verdict


@pytest.mark.long
@pytest.mark.timeout(600)
@on_postgres
async def test_a_drill_with_kills_of_webs_and_workers_holds(url):
    plan = Plan(messages=24, seed=5, kill=True, database_url=url, roles=("web", "worker", "worker"))
    verdict = await play(plan, moment, print)
    assert verdict.settled
    assert verdict.kills
    assert verdict.holds, verdict


async def test_a_database_that_is_in_use_is_left_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    schema.upgrade(url)
    async with Database(url) as db:
        await publish_demo(db, moment())
    with pytest.raises(BadConfig, match="empty database"):
        await play(Plan(messages=1, database_url=url), moment, print)
