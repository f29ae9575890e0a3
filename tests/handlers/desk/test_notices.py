from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import ContactEvent, text_of
from handlers.chat.texts import say
from handlers.desk import notices
from handlers.desk.conversations import take
from storage import conversations
from storage.models import Author, Delivery, Timer


def timers(session):
    return list(session.exec(select(Timer)))


@pytest.fixture
async def waiting(customer):
    """A conversation in the queue."""
    await customer.say("转人工")
    return await customer.conversation()


async def remind(db, timer, now):
    def run(session):
        notices.remind(session, session.get(Timer, timer.key), now)

    await db.write(run)


async def test_one_notice_is_planned_for_one_stay_in_the_queue(db, waiting, now):
    due = now + timedelta(minutes=5)
    assert await db.write(notices.plan, waiting, due)
    assert not await db.write(notices.plan, waiting, due)
    (timer,) = await db.read(timers)
    assert (timer.kind, timer.due_at) == (notices.KIND, due)


async def test_who_still_waits_is_not_forgotten(db, waiting, now):
    await db.write(notices.plan, waiting, now)
    (timer,) = await db.read(timers)
    await remind(db, timer, now)
    last = (await db.read(conversations.history, waiting.id))[-1]
    assert last.author is Author.SYSTEM
    assert text_of(last.parts) == say("still_waiting", "zh")
    keys = [d.key for d in await db.read(lambda session: list(session.exec(select(Delivery))))]
    assert f"timer:{timer.key}" in keys
    after = await db.read(conversations.get, waiting.id)
    assert after.waiting_since == waiting.waiting_since


async def test_who_is_served_in_the_platforms_own_client_hears_nothing(db, customer, now):
    await customer.do(ContactEvent(event="served"), automatic=True)
    talk = await customer.conversation()
    await db.write(notices.plan, talk, now)
    (timer,) = await db.read(timers)
    await remind(db, timer, now)
    assert (await db.read(conversations.get, talk.id)).last_position == 1


async def test_who_is_answered_hears_nothing_more(db, waiting, hire, now):
    await db.write(notices.plan, waiting, now)
    await db.write(take, waiting.id, await hire("ann"), now)
    (timer,) = await db.read(timers)
    before = (await db.read(conversations.get, waiting.id)).last_position
    await remind(db, timer, now)
    assert (await db.read(conversations.get, waiting.id)).last_position == before
