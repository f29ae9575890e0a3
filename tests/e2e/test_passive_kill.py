"""`kill -9` while a call is held for its answer: the platform's retry gets that answer, once."""

import asyncio
import random
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from channels.testing.server import closed_url
from channels.text import plain
from channels.wechat.simulator import Simulator
from faq.demo import publish_demo
from storage import schema
from storage.database import Database
from storage.models import Author, Delivery, DeliveryStatus, Message, PassiveSlot, SlotState
from tests.e2e.conftest import moment
from tests.e2e.process import FAQ, Process

KILLS = 4
OPENID = "oTESTopenid0000000000000001"
QUESTIONS = ("如何申请退货", "退款多久到账", "怎么开发票")


async def called(phone, url, push, client):
    """Call once; show what came back, and say whether anything did."""
    try:
        answer = await client.post(
            url, params=dict(push.query), headers=dict(push.headers), content=push.body
        )
    except httpx.HTTPError:
        return False
    if answer.status_code == 200:
        phone.answered(push, answer.content)
    return answer.status_code == 200


async def deaf(process, push, before, db):
    """Call, and read nothing of the answer; return once there is one more than `before`."""
    _, writer = await asyncio.open_connection("127.0.0.1", process.port)
    path = f"/inboxes/shop/webhook?{httpx.QueryParams(dict(push.query))}"
    head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {len(push.body)}\r\n\r\n"
    writer.write(head.encode() + push.body)
    async with asyncio.timeout(60):
        while await db.read(taken) == before:
            await asyncio.sleep(0.02)
    return writer


def taken(session):
    """Return how many answers there are."""
    slots = session.exec(select(PassiveSlot).where(PassiveSlot.state != SlotState.OPEN))
    return len(slots.all())


def stored(session):
    """Return how often the customer spoke, what was answered in order, and how that stands."""
    said = session.exec(select(Message).where(Message.author == Author.CONTACT)).all()
    rows = session.exec(select(Delivery).order_by(Delivery.sequence)).all()
    return len(said), [plain(row.parts) for row in rows], [row.status for row in rows]


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_kills_while_a_call_is_held_lose_and_double_no_answer(tmp_path: Path):
    phone = Simulator("shop", moment, mode="passive", encrypted=True)
    url = f"sqlite:///{tmp_path}/yingda.db"
    schema.upgrade(url)
    async with Database(url) as db:
        await publish_demo(db, moment())
    account = {"channel": "wechat", "base_url": closed_url(), **phone.settings}
    config = {
        "database_url": url, "data_dir": str(tmp_path), "demo": False,
        "faq": FAQ, "inboxes": {"shop": account},
    }  # fmt: skip
    chance = random.Random(7)  # a repeatable choice of moments
    async with Process(tmp_path, config) as process, httpx.AsyncClient(timeout=30) as client:
        hook = f"http://127.0.0.1:{process.port}/inboxes/shop/webhook"
        await process.start(client)
        for number in range(KILLS):
            push = phone.say(OPENID, QUESTIONS[number % len(QUESTIONS)])
            call = asyncio.create_task(called(phone, hook, push, client))
            await asyncio.sleep(chance.uniform(0, 0.06))
            await process.kill()
            await process.start(client)
            if not await call:
                assert await called(phone, hook, push, client)
            push = phone.say(OPENID, "怎么联系你们")
            async with Database(url, guest=True) as db:
                lost = await deaf(process, push, await db.read(taken), db)
            await process.kill()
            lost.close()
            await process.start(client)
            assert await called(phone, hook, push, client)
        async with Database(url, guest=True) as db:
            heard, said, statuses = await db.read(stored)
    assert heard == 2 * KILLS
    assert [one.text for one in phone.seen_by(OPENID)] == said
    assert set(statuses) <= {DeliveryStatus.SENT, DeliveryStatus.SENDING}
