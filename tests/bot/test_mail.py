"""A mailbox and the whole product: mail in, mail out, and two lives that answer once."""

import asyncio
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from channels.email.simulator import Simulator
from channels.message import text_of
from storage import conversations
from storage.models import Delivery, DeliveryStatus, Message, Owner
from tests.postgres import on_sqlite


@pytest.fixture
async def provider():
    simulator = Simulator("post", lambda: datetime.now(UTC))
    async with simulator.serving():
        yield simulator


def settings(provider):
    # At its usual speed what a second life sends may wait ten seconds for its share.
    told = {"timeout": 60, "messages_per_second": 20}
    return {"post": {"channel": "email", **told, **provider.settings}}


async def stored(served, count):
    """Return what was said, once that is so much."""
    while True:
        said = await served.service.db.read(
            lambda s: list(s.exec(select(Message).order_by(Message.position)))
        )
        if len(said) >= count:
            return said
        await asyncio.sleep(0.02)


async def begun(served, provider):
    """Wait until the mailbox is being followed."""
    async with asyncio.timeout(60):
        await provider.folder.hears("IDLE", 1)
    provider.folder.said.clear()


@on_sqlite
async def test_a_mail_is_answered_in_its_thread_and_once_in_two_lives(run, provider):
    served = await run(settings(provider))
    await begun(served, provider)
    async with asyncio.timeout(60):
        await provider.offer(provider.write("han", "你好", subject="你好"))
        first = await provider.waits_for("han", "智能客服")
    assert provider.sent[0]["Subject"] == "Re: 你好"
    assert provider.sent[0]["Auto-Submitted"] == "auto-replied"
    async with asyncio.timeout(60):
        while (
            await served.service.db.read(lambda s: s.exec(select(Delivery.status)).one())
            is not DeliveryStatus.SENT
        ):
            await asyncio.sleep(0.02)
    await served.service.__aexit__()
    await provider.offer(provider.say("han", "转人工"))
    again = await run(settings(provider))
    async with asyncio.timeout(60):
        await provider.waits_for("han", "人工客服", after=first.number)
    assert len(provider.screen) == 2
    said = await stored(again, 3)
    assert [text_of(one.parts) for one in said if one.author == "contact"] == [
        "你好",
        "转人工",
    ]
    assert len({one.conversation_id for one in said}) == 1


@on_sqlite
async def test_a_machine_is_kept_for_a_person_and_not_answered(run, provider):
    served = await run(settings(provider))
    await begun(served, provider)
    async with asyncio.timeout(60):
        away = provider.write("han", "你好", auto_submitted="auto-replied")
        await provider.offer(away)
        (kept,) = await stored(served, 1)
        await provider.offer(provider.say("li", "你好"))
        await provider.waits_for("li", "智能客服")
    assert not provider.seen_by("han")
    talk = await served.service.db.read(
        lambda s: s.get(conversations.Conversation, kept.conversation_id)
    )
    assert (talk.owner, talk.handoff_reason) == (Owner.QUEUE, "machine")
