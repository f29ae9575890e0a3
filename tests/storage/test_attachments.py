"""Files of answers: shown by every message that carries them, kept while anybody may need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import Address, Media
from storage import attachments, contacts, conversations, fetching, knowledge, media, people
from storage.folder import Kept
from storage.knowledge import Content
from storage.models import Author, MediaFile, MediaState, Role
from storage.rules import Rules

KEPT = Kept("标签.png", "image/png", 5, "0" * 64, 640, 480)
ID = "k" * 32
PART = Media(kind="image", ref=f"media:{ID}", name="标签.png", size=5)
DAYS = timedelta(days=3)


@pytest.fixture
async def label(db, now):
    return await db.write(_add, now)


def _add(session, now):
    agent = people.create_agent(session, "ed", "x", Role.EDITOR, now)
    return attachments.add(session, ID, KEPT, agent.id, now)


def said(session, now, thread):
    talk = conversations.find_open(session, "shop", thread)
    if talk is None:
        address = Address(inbox="shop", thread=thread, contact=thread)
        contact, _ = contacts.find_or_make(session, "shop", thread, None, "zh", now)
        talk = conversations.open_for(session, address, contact, "zh", now)
    return conversations.append(session, talk, Author.BOT, (PART,), now)


async def shown(db, message):
    return (await db.read(media.of_messages, [message.id])).get((message.id, 0))


async def test_every_message_that_carries_it_shows_it_to_its_own_thread(db, now, label):
    first = await db.write(said, now, "t1")
    second = await db.write(said, now, "t2")
    ones = [await shown(db, first), await shown(db, second)]
    assert [file.place for file in ones] == [ID, ID]
    assert len({file.id for file in ones} | {ID}) == 3
    assert (ones[0].name, ones[0].width, ones[0].state) == ("标签.png", 640, MediaState.STORED)
    assert await db.read(media.of_visitor, ones[0].id, "shop", "t1") is not None
    assert await db.read(media.of_visitor, ones[0].id, "shop", "t2") is None
    assert await db.read(media.of_visitor, ID, "shop", "t1") is None


async def test_a_file_that_nobody_knows_is_shown_by_no_message(db, now):
    message = await db.write(said, now, "t1")
    assert await shown(db, message) is None


async def test_what_goes_with_an_old_message_stays_with_the_answer(db, now, label):
    message = await db.write(said, now, "t1")
    file = await shown(db, message)

    def erase(session):
        return fetching.forget(session, now, conversation_ids=[message.conversation_id])

    assert await db.write(erase) == 1
    (doomed,) = await db.write(fetching.claim, [], now, timedelta(minutes=1), 10)
    await db.write(fetching.removed, doomed)
    assert await db.read(media.get, file.id) is None
    assert await db.read(attachments.get, ID) is not None
    assert await db.read(fetching.known, [ID, "x" * 32]) == {ID}


async def test_what_no_draft_took_goes_after_a_day(db, now, label):
    assert await db.read(attachments.unused, now + timedelta(hours=23)) == []
    later = now + timedelta(hours=25)
    assert await db.read(attachments.unused, later) == [ID]
    assert await db.write(attachments.forget, [ID], later) == [ID]
    assert await db.read(attachments.get, ID) is None


async def test_any_revision_keeps_its_files_for_good(db, now, label):
    with_file = Content("退货", (), {"zh": "贴标签"}, rules=Rules(files=(label,)))
    without = replace(with_file, rules=Rules())
    for content, note in ((with_file, "first"), (without, "second")):
        await db.write(knowledge.save_draft, "return", content, None, now)
        await db.write(knowledge.publish, None, note, now)
    assert await db.read(attachments.unused, now + DAYS) == []
    await db.write(knowledge.rollback, 1, None, now)
    (live,) = await db.read(knowledge.live_entries)
    assert live.content.rules.files == (label,)


async def test_a_draft_that_is_saved_while_the_sweep_looks_keeps_its_file(db, now, label):
    later = now + DAYS
    doubtful = await db.read(attachments.unused, later)
    content = Content("退货", (), {"zh": "贴标签"}, rules=Rules(files=(label,)))
    await db.write(knowledge.save_draft, "return", content, None, later)
    assert await db.write(attachments.forget, doubtful, later) == []


async def test_what_a_message_shows_stays(db, now, label):
    await db.write(said, now, "t1")
    assert await db.read(attachments.unused, now + DAYS) == []
    rows = await db.read(lambda s: list(s.exec(select(MediaFile).order_by(MediaFile.id))))
    assert [row.shared for row in rows] == [ID]


async def test_a_table_without_files_leaves_an_entrys_files_and_rules(db, now, label):
    rules = Rules(mode="exact", files=(label,))
    await db.write(knowledge.save_draft, "return", Content("退货", rules=rules), None, now)
    plain = Content("退货", (), {"zh": "改了"})
    await db.write(knowledge.save_drafts, {"return": plain}, None, now)
    assert await stored_rules(db) == rules
    moved = replace(label, language="zh", channel="weibo")
    told = replace(plain, rules=Rules(files=(moved,)))
    await db.write(knowledge.save_drafts, {"return": told}, None, now)
    assert await stored_rules(db) == replace(rules, files=(moved,))


async def stored_rules(db):
    state = await db.read(knowledge.get_article, "return")
    return knowledge.content_of(state.draft).rules
