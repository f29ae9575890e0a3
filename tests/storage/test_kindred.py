from datetime import timedelta

import pytest

from channels.message import Address, Text, Visibility
from storage import contacts, conversations, kindred
from storage.models import Author, Conversation, Status

HOUR = timedelta(hours=1)


@pytest.fixture
def talk(db):
    """A conversation of somebody, with one thing said at a time, and resolved if need be."""

    async def make(thread, at, *, until=None, public=False, inbox="shop", contact="u1"):
        visibility = Visibility.PUBLIC if public else Visibility.PRIVATE

        def run(session):
            person, _ = contacts.find_or_make(session, "shop", contact, None, None, at)
            address = Address(inbox=inbox, thread=thread, contact=contact, visibility=visibility)
            made = conversations.open_for(session, address, person, "zh", at)
            conversations.append(session, made, Author.CONTACT, (Text(text="hi"),), until or at)
            if until is not None:
                made.status = Status.RESOLVED
            return conversations.save(session, made)

        return await db.write(run)

    return make


async def beside(db, conversation):
    return [
        other.thread
        for other in await db.read(
            lambda s: kindred.beside(s, s.get_one(Conversation, conversation.id))
        )
    ]


async def place(db, conversation, now):
    found = await db.read(
        lambda s: kindred.private_place(s, s.get_one(Conversation, conversation.id), now)
    )
    return found and found.id


async def test_what_one_person_says_at_the_same_time_belongs_together(db, talk, now):
    public = await talk("post:1:u1", now, public=True)
    private = await talk("u1", now + HOUR)
    elsewhere = await talk("chat", now + 2 * HOUR, inbox="telegram")
    await talk("u2", now, contact="u2")
    assert await beside(db, public) == ["chat", "u1"]
    assert await beside(db, private) == ["chat", "post:1:u1"]
    assert await beside(db, elsewhere) == ["u1", "post:1:u1"]


async def test_what_was_over_for_two_days_is_another_matter(db, talk, now):
    old = await talk("post:1:u1", now - 100 * HOUR, until=now - 90 * HOUR, public=True)
    recent = await talk("post:2:u1", now - 60 * HOUR, until=now - 40 * HOUR, public=True)
    private = await talk("u1", now)
    assert await beside(db, private) == ["post:2:u1"]
    assert await beside(db, recent) == ["u1", "post:1:u1"]
    assert await beside(db, old) == ["post:2:u1"]


async def test_the_private_place_is_the_newest_of_the_same_persons_thread(db, talk, now):
    public = await talk("post:1:u1", now, public=True)
    assert await place(db, public, now) is None
    await talk("post:2:u1", now, public=True)
    await talk("u2", now, contact="u2")
    await talk("chat", now, inbox="telegram")
    assert await place(db, public, now) is None
    await talk("u1", now - 2 * HOUR, until=now - HOUR)
    newest = await talk("u1", now)
    assert await place(db, public, now) == newest.id


async def test_a_closed_window_is_no_place(db, talk, now):
    public = await talk("post:1:u1", now, public=True)
    private = await talk("u1", now)

    def close(session):
        session.get_one(Conversation, private.id).reply_until = now

    await db.write(close)
    assert await place(db, public, now) == private.id
    assert await place(db, public, now + timedelta(seconds=1)) is None
