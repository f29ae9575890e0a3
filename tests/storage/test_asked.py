"""What customers asked of late, and what turned out to answer it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.message import Address, Selection, Text
from storage import activity, asked, contacts, conversations
from storage.asked import Question
from storage.models import Author, Fact

DAY = timedelta(days=1)


def why(band, *entries, route="ranked"):
    return {"band": band, "route": route, "candidates": [{"id": each} for each in entries]}


@pytest.fixture
def talk(db, now):
    """Let a customer, the bot and an agent say things, one after the other."""

    async def said(*turns, name="wang", helped=None):
        def speak(session, at):
            contact, _ = contacts.find_or_make(session, "shop", name, name, "zh", at)
            address = Address(inbox="shop", thread=name, contact=name)
            found = conversations.open_for(session, address, contact, "zh", at)
            for author, part, reason in turns:
                parts = (Text(text=part),) if isinstance(part, str) else (part,)
                more = {"why": reason} if reason else {}
                conversations.append(session, found, author, parts, at, **more)
            conversations.save(session, found)
            if helped:
                data = {"entry": helped}
                activity.log(session, Fact.FAQ_HELPED, at, conversation_id=found.id, data=data)

        await db.write(speak, now)

    return said


def ask(text):
    return (Author.CONTACT, text, None)


def bot(reason):
    return (Author.BOT, "…", reason)


async def recent(db, now, limit=10):
    return await db.read(asked.recent, now - DAY, limit)


async def test_a_question_is_what_the_customer_wrote_before_the_bot_decided(db, now, talk):
    await talk(ask("退款多久"), bot(why("answer", "refund")), ask("嗯"))
    assert await recent(db, now) == [Question("退款多久")]
    assert await recent(db, now + 2 * DAY) == []


async def test_a_greeting_and_a_form_ask_nothing(db, now, talk):
    await talk(
        ask("你好"), bot(why("handoff", route="greeting")), ask("投诉"), bot({"handler": "form"})
    )
    assert await recent(db, now) == []


async def test_what_helped_is_confirmed(db, now, talk):
    await talk(ask("退款多久"), bot(why("answer", "refund")), helped="refund")
    await talk(ask("退货"), bot(why("answer", "return")), name="li", helped="other")
    found = {each.text: each.confirmed for each in await recent(db, now)}
    assert found == {"退款多久": "refund", "退货": None}


async def test_what_was_chosen_of_the_offers_is_confirmed(db, now, talk):
    tap = Selection(value="faq:return", label="退货")
    chosen = {"handler": "chosen", "entry": "return"}
    offer = why("suggest", "refund", "return")
    await talk(ask("退"), bot(offer), (Author.CONTACT, tap, None), bot(chosen))
    assert await recent(db, now) == [Question("退", "return")]


async def test_what_an_agent_wrote_instead_is_told(db, now, talk):
    await talk(ask("钱呢"), bot(why("handoff")), (Author.AGENT, "三天内到账", None))
    assert await recent(db, now) == [Question("钱呢", None, "三天内到账")]


async def test_only_the_newest_are_read(db, now, talk):
    for number in range(3):
        await talk(ask(f"q{number}"), bot(why("handoff")), name=f"c{number}")
    assert len(await recent(db, now, limit=2)) == 2
