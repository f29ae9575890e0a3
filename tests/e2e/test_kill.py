"""`kill -9` in the middle of traffic: what was acknowledged is there, once and in order."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.routing import Mount

from channels import registry
from channels.message import text_of
from channels.testing.server import serve
from faq.demo import publish_demo
from storage import schema
from storage.database import Database
from storage.models import Author, Conversation, Delivery, DeliveryStatus, Message
from tests.e2e.conftest import moment
from tests.e2e.process import FAQ, UNCOUNTED, Process

PLATFORMS = ("wechat", "weibo", "telegram", "slack")
EVERYDAY_KILLS, KILLS = 5, 20
CUSTOMERS = 2
QUESTIONS = ("如何申请退货", "退款多久到账", "怎么开发票", "包邮吗", "有没有优惠券")


async def talk(simulator, name, url, client, over, acknowledged):
    """Say one thing after the other; repeat each, as the platform does, until it is taken."""
    number = 0
    while not over.is_set():
        text = QUESTIONS[number % len(QUESTIONS)] if number else f"{name} 如何申请退货"
        push = simulator.say(name, text)
        while True:
            try:
                answer = await client.request(
                    push.method,
                    url,
                    params=dict(push.query),
                    headers=dict(push.headers),
                    content=push.body,
                    timeout=6,
                )
                if answer.status_code < 300:
                    acknowledged.append(text)
                    break
            except httpx.HTTPError:
                # All who knock much more often take the time that the next life starts in.
                await asyncio.sleep(0.1)
        number += 1
        await asyncio.sleep(random.Random(number).uniform(0.02, 0.2))


def stored(session, inbox, name):
    """Return what the customer said, in order, and what became of what we said."""
    said = session.exec(
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.inbox == inbox, Message.author == Author.CONTACT)
        .order_by(Message.position)
    ).all()
    mine = {m.conversation_id for m in said if name in text_of(m.parts)}
    texts = [text_of(message.parts) for message in said if message.conversation_id in mine]
    deliveries = session.exec(
        select(Delivery).where(Delivery.inbox == inbox).order_by(Delivery.sequence)
    )
    return texts, [d for d in deliveries if d.conversation_id in mine]


def check_replies(shown: list[str], deliveries: list[Delivery]) -> int:
    """Every message we sent is on the screen once and in order; return how many are in doubt."""
    doubt = 0
    rest = list(shown)
    for delivery in deliveries:
        words = text_of(delivery.parts)[:20]
        if rest and words in rest[0]:
            rest.pop(0)
        else:
            assert delivery.status is DeliveryStatus.UNCERTAIN, (delivery.status, words)
        doubt += delivery.status is DeliveryStatus.UNCERTAIN
    assert rest == [], f"shown twice or never decided: {rest}"
    return doubt


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kills", [EVERYDAY_KILLS, pytest.param(KILLS, marks=pytest.mark.long)])
async def test_kills_during_traffic_lose_and_double_nothing(tmp_path: Path, kills: int):
    simulators = {n: registry.find(n).simulator(f"shop_{n}", moment) for n in PLATFORMS}
    platforms = Starlette(routes=[Mount(f"/{n}", app=s.app) for n, s in simulators.items()])
    url = f"sqlite:///{tmp_path}/yingda.db"
    schema.upgrade(url)
    async with Database(url) as db:
        await publish_demo(db, moment())
    async with serve(platforms) as base, httpx.AsyncClient(trust_env=False, timeout=60) as client:
        config = {
            "database_url": url,
            "data_dir": str(tmp_path),
            "faq": FAQ,
            "inboxes": {
                f"shop_{n}": {
                    "channel": n,
                    "base_url": f"{base}/{n}",
                    **s.settings,
                    **UNCOUNTED.get(n, {}),
                }
                for n, s in simulators.items()
            },
        }
        async with Process(tmp_path, config) as process:
            acknowledged = await traffic_with_kills(process, simulators, client, kills)
            await settle(url)
    total = doubt = 0
    async with Database(url) as db:
        for (platform, name), said in acknowledged.items():
            texts, deliveries = await db.read(stored, f"shop_{platform}", name)
            assert texts == said, (platform, name)
            shown = [seen.text for seen in simulators[platform].seen_by(name)]
            doubt += check_replies(shown, deliveries)
            total += len(said)
    print(f"\n{total} acknowledged, {doubt} uncertain after {kills} kills")  # noqa: T201
    assert total > kills
    assert doubt <= kills * len(PLATFORMS) * CUSTOMERS


async def traffic_with_kills(process, simulators, client, kills):
    """Kill the process again and again while customers talk; return what was acknowledged."""
    await process.start(client)
    over = asyncio.Event()
    acknowledged = {}
    async with asyncio.TaskGroup() as talks:
        for platform, simulator in simulators.items():
            hook = f"http://127.0.0.1:{process.port}/inboxes/shop_{platform}/webhook"
            for number in range(CUSTOMERS):
                name = f"customer{number}"
                taken = acknowledged[platform, name] = []
                talks.create_task(talk(simulator, name, hook, client, over, taken))
        dice = random.Random(20)
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0.1, 1.0))
            await process.kill()
            await process.start(client)
        over.set()
    return acknowledged


async def settle(url: str) -> None:
    """Wait until nothing is on its way any more."""

    def on_the_way(session):
        open_deliveries = select(Delivery).where(
            Delivery.status.in_([DeliveryStatus.PENDING, DeliveryStatus.SENDING])
        )
        return session.exec(open_deliveries.limit(1)).first()

    async with Database(url, guest=True) as db, asyncio.timeout(timedelta(seconds=60).seconds):
        while await db.read(on_the_way) is not None:
            await asyncio.sleep(0.1)
