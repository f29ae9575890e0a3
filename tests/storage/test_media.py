"""A file is noted with its message, fetched once, and forgotten whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from channels.message import Address, Media, Text
from storage import contacts, conversations, fetching, media
from storage.media import Kept, Upload
from storage.models import Activity, Author, Fact, MediaFile, MediaState

LEASE = timedelta(minutes=5)
KEPT = Kept("a.png", "image/png", 5, "0" * 64, 640, 480)
PHOTO = Media(kind="image", ref="platform-1", name="a.png")


def opened(session, now, thread="t1"):
    address = Address(inbox="shop", thread=thread, contact=thread)
    contact, _ = contacts.find_or_make(session, "shop", thread, None, "zh", now)
    return conversations.open_for(session, address, contact, "zh", now)


def said(session, now, *parts, author=Author.CONTACT, thread="t1"):
    talk = conversations.find_open(session, "shop", thread) or opened(session, now, thread)
    return conversations.append(session, talk, author, parts, now)


async def files(db):
    return await db.read(lambda s: list(s.exec(select(MediaFile).order_by(MediaFile.part))))


async def claimed(db, now, inboxes=("shop",)):
    return await db.write(fetching.claim, inboxes, now, LEASE, 10)


@pytest.fixture
async def photo(db, now):
    return await db.write(said, now, Text(text="看"), PHOTO)


async def test_a_customers_file_waits_from_the_moment_of_its_message(db, now, photo):
    (file,) = await files(db)
    assert (file.message_id, file.part, file.ref) == (photo.id, 1, "platform-1")
    assert (file.state, file.next_at, file.inbox) == (MediaState.WAITING, now, "shop")
    assert len(file.id) == 32


async def test_a_message_without_files_notes_nothing(db, now):
    await db.write(said, now, Text(text="hello"))
    assert await files(db) == []


async def test_a_file_is_given_to_one_and_comes_again_when_that_one_is_silent(db, now, photo):
    assert await db.read(fetching.any_due, ["shop"], now)
    assert [file.attempts for file in await claimed(db, now)] == [1]
    assert await claimed(db, now) == []
    assert not await db.read(fetching.any_due, ["shop"], now)
    assert [file.attempts for file in await claimed(db, now + LEASE)] == [2]


async def test_an_inbox_that_cannot_fetch_leaves_its_files_waiting(db, now, photo):
    assert await claimed(db, now, ["other"]) == []
    assert await claimed(db, now, []) == []


async def test_what_was_fetched_is_stored_and_told(db, now, photo):
    (file,) = await claimed(db, now)
    assert await db.write(fetching.stored, file, KEPT, now)
    (stored,) = await files(db)
    assert (stored.state, stored.type, stored.width) == (MediaState.STORED, "image/png", 640)
    (fact,) = await db.read(
        lambda s: list(s.exec(select(Activity).where(Activity.fact == Fact.MEDIA_CHANGED)))
    )
    assert fact.conversation_id == file.conversation_id
    assert fact.data == {"message": str(photo.id)}


async def test_who_was_overtaken_changes_nothing(db, now, photo):
    (slow,) = await claimed(db, now)
    (fast,) = await claimed(db, now + LEASE)
    assert not await db.write(fetching.postpone, slow, "busy", now)
    assert not await db.write(fetching.stored, slow, KEPT, now)
    assert await db.write(fetching.stored, fast, KEPT, now)
    assert not await db.write(fetching.lost, slow, MediaState.GONE, "gone", now)
    assert (await files(db))[0].state is MediaState.STORED


async def test_a_file_in_trouble_is_tried_when_its_pause_is_over(db, now, photo):
    (file,) = await claimed(db, now)
    later = now + timedelta(minutes=10)
    assert await db.write(fetching.postpone, file, "busy", later)
    assert await claimed(db, later - timedelta(seconds=1)) == []
    assert len(await claimed(db, later)) == 1


async def test_a_person_can_have_a_lost_file_tried_again(db, now, photo):
    (file,) = await claimed(db, now)
    assert not await db.write(fetching.try_again, file.conversation_id, file.id, now)
    await db.write(fetching.lost, file, MediaState.FAILED, "too large", now)
    assert await claimed(db, now + LEASE) == []
    other = (await db.write(said, now, Text(text="x"), thread="t2")).conversation_id
    assert not await db.write(fetching.try_again, other, file.id, now)
    assert await db.write(fetching.try_again, file.conversation_id, file.id, now)
    assert len(await claimed(db, now)) == 1


def uploaded(session, now, media_id="m" * 32, agent_id=None, thread="t1"):
    talk = conversations.find_open(session, "shop", thread) or opened(session, now, thread)
    talk_id = talk.id if agent_id else None
    media.attach(session, Upload(media_id, "shop", thread, talk_id, agent_id), KEPT, now)
    return talk.id


async def test_an_attached_file_is_tied_to_the_message_that_carries_it_and_only_once(db, now):
    await db.write(uploaded, now)
    ours = Media(kind="image", ref="media:" + "m" * 32)
    first = await db.write(said, now, ours)
    await db.write(said, now, ours)
    (file,) = await files(db)
    assert (file.message_id, file.state) == (first.id, MediaState.STORED)


async def test_a_file_of_another_thread_is_not_tied(db, now):
    await db.write(uploaded, now, thread="t2")
    await db.write(said, now, Media(kind="image", ref="media:" + "m" * 32), thread="t1")
    (file,) = await files(db)
    assert file.message_id is None


async def test_a_customer_sees_the_files_of_their_thread_and_of_no_note(db, now, photo):
    (file,) = await files(db)
    assert await db.read(media.of_visitor, file.id, "shop", "t1") is not None
    assert await db.read(media.of_visitor, file.id, "shop", "t2") is None
    assert await db.read(media.of_visitor, file.id, "other", "t1") is None
    await db.write(_make_private, photo.id)
    assert await db.read(media.of_visitor, file.id, "shop", "t1") is None


def _make_private(session, message_id):
    message = session.get(conversations.Message, message_id)
    message.private = True
    session.add(message)


async def test_what_is_too_old_is_doomed_and_then_removed(db, now, photo):
    later = now + timedelta(days=31)
    assert await db.write(_forget, later, now - timedelta(days=1)) == 0
    assert await db.write(_forget, later, now + timedelta(days=1)) == 1
    (file,) = await files(db)
    assert (file.state, file.ref, file.name) == (MediaState.DOOMED, None, None)
    assert await db.read(media.get, file.id) is None
    assert await db.read(media.of_messages, [photo.id]) == {}
    (doomed,) = await claimed(db, later, [])
    await db.write(fetching.removed, doomed)
    assert await files(db) == []


async def test_a_conversations_files_can_be_erased_at_once(db, now, photo):
    assert await db.write(_erase, now, photo.conversation_id) == 1
    assert (await files(db))[0].state is MediaState.DOOMED


async def test_what_was_attached_and_never_sent_goes_after_a_day(db, now):
    await db.write(uploaded, now)
    assert await db.write(_forget, now + timedelta(hours=23)) == 0
    assert await db.write(_forget, now + timedelta(hours=25)) == 1


def _forget(session, now, before=None):
    return fetching.forget(session, now, before=before)


def _erase(session, now, *conversation_ids):
    return fetching.forget(session, now, conversation_ids=conversation_ids)


async def test_bytes_without_a_row_are_known_as_such(db, now):
    await db.write(uploaded, now)
    assert await db.read(fetching.known, ["m" * 32, "stray"]) == {"m" * 32}
