from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import select

from channels.message import (
    Address,
    Choice,
    Choices,
    ContactEvent,
    Location,
    Media,
    Text,
    Unsupported,
    Visibility,
)
from storage import activity, contacts, conversations
from storage.conversations import AlreadyOpen, preview_of
from storage.models import Author, Delivery, Fact, Owner, Status
from tests.postgres import on_sqlite

ADDRESS = Address(inbox="shop", thread="t1", contact="u1")


def said(words):
    return (Text(text=words),)


def deliveries(session):
    return list(session.exec(select(Delivery)))


@pytest.fixture
def open_one(db, now):
    async def make(address=ADDRESS):
        def run(session):
            contact, _ = contacts.find_or_make(
                session, address.inbox, address.contact, None, None, now
            )
            return conversations.open_for(session, address, contact, "zh", now)

        return await db.write(run)

    return make


@pytest.fixture
def append(db, now):
    async def make(conversation, author, parts, at=now, **extra):
        def run(session):
            here = conversations.get(session, conversation.id)
            return conversations.append(session, here, author, parts, at, **extra)

        return await db.write(run)

    return make


@pytest.fixture
def change(db):
    async def make(conversation, **values):
        def run(session):
            here = conversations.get(session, conversation.id)
            for name, value in values.items():
                setattr(here, name, value)
            return conversations.save(session, here)

        return await db.write(run)

    return make


async def test_a_conversation_is_opened_at_its_address(db, open_one, now):
    public = ADDRESS.model_copy(update={"visibility": Visibility.PUBLIC})
    conversation = await open_one(public)
    assert (conversation.inbox, conversation.thread) == ("shop", "t1")
    assert conversation.platform_contact == "u1"
    assert conversation.visibility is Visibility.PUBLIC
    assert conversation.owner is Owner.BOT
    assert (conversation.last_position, conversation.opened_at) == (0, now)
    (fact,) = await db.read(activity.since, 0)
    assert fact.fact is Fact.CONVERSATION_OPENED
    assert fact.contact_id == conversation.contact_id


async def test_a_thread_has_one_open_conversation(db, open_one):
    first = await open_one()
    with pytest.raises(AlreadyOpen):
        await open_one()
    assert (await db.read(conversations.find_open, "shop", "t1")).id == first.id
    assert len(await db.read(activity.since, 0)) == 1


@pytest.mark.parametrize("status", [Status.OPEN, Status.SNOOZED])
async def test_what_is_not_resolved_is_open(db, open_one, change, status):
    conversation = await open_one()
    await change(conversation, status=status)
    assert await db.read(conversations.find_open, "shop", "t1") is not None
    with pytest.raises(AlreadyOpen):
        await open_one()


async def test_the_next_conversation_of_a_thread_counts_on(db, open_one, append, change):
    first = await open_one()
    await append(first, Author.CONTACT, said("one"))
    await append(first, Author.BOT, said("two"))
    await change(first, status=Status.RESOLVED)
    assert await db.read(conversations.find_open, "shop", "t1") is None
    assert (await db.read(conversations.latest, "shop", "t1")).id == first.id
    second = await open_one()
    assert (await append(second, Author.CONTACT, said("three"))).position == 3
    assert (await db.read(conversations.latest, "shop", "t1")).id == second.id


async def test_the_open_conversation_is_the_latest_even_when_it_is_empty(db, open_one, change):
    first = await open_one()
    await change(first, status=Status.RESOLVED)
    second = await open_one()
    assert (await db.read(conversations.latest, "shop", "t1")).id == second.id


async def test_other_threads_are_other_conversations(db, open_one):
    await open_one()
    other = await open_one(ADDRESS.model_copy(update={"thread": "t2"}))
    assert (await db.read(conversations.find_open, "shop", "t2")).id == other.id
    assert await db.read(conversations.find_open, "forum", "t1") is None
    assert await db.read(conversations.latest, "forum", "t1") is None


async def test_conversations_are_read_by_id(db, open_one):
    conversation = await open_one()
    found = await db.read(conversations.get_many, [conversation.id, uuid4()])
    assert list(found) == [conversation.id]
    assert await db.read(conversations.get, uuid4()) is None


@on_sqlite
async def test_the_search_for_an_open_conversation_uses_its_index(db):
    def plan(session):
        query = select(conversations.Conversation).where(
            conversations.Conversation.inbox == "shop",
            conversations.Conversation.thread == "t1",
            conversations._OPEN,
        )
        literal = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        return " ".join(
            str(row) for row in session.execute(text(f"EXPLAIN QUERY PLAN {literal}")).all()
        )

    assert "one_open_conversation_per_thread" in await db.read(plan)


async def test_what_does_not_exist_cannot_be_claimed(db, now):
    assert not await db.write(conversations.claim, uuid4(), uuid4(), now, force=True)


async def test_positions_have_no_gaps(db, open_one, append):
    conversation = await open_one()
    for number in range(1, 8):
        private = number == 4
        author = Author.CONTACT if number % 2 else Author.AGENT
        message = await append(conversation, author, said("x"), private=private)
        assert message.position == number
    after = await db.read(conversations.get, conversation.id)
    assert (after.last_position, after.version) == (7, 7)


async def test_a_customers_message_waits_to_be_read(db, open_one, append, now):
    conversation = await open_one()
    await append(conversation, Author.CONTACT, said("one"))
    await append(conversation, Author.CONTACT, said("two"), now + timedelta(minutes=1))
    after = await db.read(conversations.get, conversation.id)
    assert after.unread == 2
    assert after.waiting_since == now
    assert after.last_activity_at == now + timedelta(minutes=1)
    assert after.preview == "two"
    assert await db.read(deliveries) == []


@pytest.mark.parametrize(
    ("author", "unread", "waits"),
    [(Author.AGENT, 0, False), (Author.BOT, 1, False), (Author.SYSTEM, 1, True)],
)
async def test_an_answer_ends_the_waiting(db, open_one, append, author, unread, waits):
    conversation = await open_one()
    await append(conversation, Author.CONTACT, said("one"))
    await append(conversation, author, said("answer"))
    after = await db.read(conversations.get, conversation.id)
    assert after.unread == unread
    assert (after.waiting_since is not None) == waits


@pytest.mark.parametrize("author", [Author.AGENT, Author.BOT, Author.SYSTEM])
async def test_what_is_said_to_the_customer_is_on_its_way(db, open_one, append, author):
    conversation = await open_one()
    message = await append(conversation, author, said("hello"))
    (delivery,) = await db.read(deliveries)
    assert delivery.key == f"m:{message.id}"
    assert (delivery.message_id, delivery.parts) == (message.id, said("hello"))


async def test_a_delivery_takes_the_key_it_is_given(db, open_one, append):
    await append(await open_one(), Author.BOT, said("hello"), key="shop:t1:1:0")
    assert [delivery.key for delivery in await db.read(deliveries)] == ["shop:t1:1:0"]


@pytest.mark.parametrize("author", list(Author))
async def test_a_note_has_no_way_out_whoever_writes_it(db, open_one, append, author):
    conversation = await open_one()
    await append(conversation, Author.CONTACT, said("hello"))
    before = await db.read(conversations.get, conversation.id)
    note = await append(conversation, author, said("secret"), private=True, key="k")
    assert await db.read(deliveries) == []
    after = await db.read(conversations.get, conversation.id)
    assert after.preview == "hello"
    assert (after.unread, after.waiting_since) == (before.unread, before.waiting_since)
    assert (await db.read(activity.since, 0))[-1].fact is Fact.NOTE_ADDED
    public = await db.read(conversations.thread_messages, "shop", "t1", 0)
    assert note.id not in [message.id for message in public]


async def test_the_log_says_what_was_added_by_whom(db, open_one, append):
    conversation = await open_one()
    await append(conversation, Author.CONTACT, said("one"))
    await append(conversation, Author.BOT, said("two"))
    received, added = (await db.read(activity.since, 0))[1:]
    assert (received.fact, received.data) == (
        Fact.MESSAGE_RECEIVED,
        {"position": 1, "author": "contact"},
    )
    assert (added.fact, added.data) == (Fact.MESSAGE_ADDED, {"position": 2, "author": "bot"})
    assert (added.inbox, added.conversation_id) == ("shop", conversation.id)


async def test_the_same_echo_is_the_same_message(db, open_one, append):
    conversation = await open_one()
    first = await append(conversation, Author.AGENT, said("one"), echo_id="e")
    second = await append(conversation, Author.AGENT, said("two"), echo_id="e")
    assert (second.id, second.parts) == (first.id, said("one"))
    assert len(await db.read(deliveries)) == 1
    assert (await db.read(conversations.get, conversation.id)).last_position == 1


async def test_an_echo_of_another_conversation_is_another_message(open_one, append):
    other = await open_one(ADDRESS.model_copy(update={"thread": "t2"}))
    first = await append(await open_one(), Author.CONTACT, said("x"), echo_id="e")
    assert (await append(other, Author.CONTACT, said("x"), echo_id="e")).id != first.id


async def test_a_sleeping_conversation_is_woken_by_its_customer(db, open_one, append, change):
    conversation = await open_one()
    await change(conversation, status=Status.SNOOZED)
    await append(conversation, Author.SYSTEM, said("x"))
    assert (await db.read(conversations.get, conversation.id)).status is Status.SNOOZED
    await append(conversation, Author.CONTACT, said("hello?"))
    assert (await db.read(conversations.get, conversation.id)).status is Status.OPEN


async def test_an_event_asks_for_no_answer(db, open_one, append):
    conversation = await open_one()
    await append(conversation, Author.CONTACT, (ContactEvent(event="followed"),))
    after = await db.read(conversations.get, conversation.id)
    assert (after.unread, after.waiting_since, after.preview) == (0, None, "[followed]")


async def test_history_is_paged_both_ways(db, open_one, append):
    conversation = await open_one()
    for number in range(1, 10):
        await append(conversation, Author.CONTACT, said(str(number)))

    async def page(**where):
        found = await db.read(conversations.history, conversation.id, **where)
        return [message.position for message in found]

    assert await page() == list(range(1, 10))
    assert await page(limit=3) == [7, 8, 9]
    assert await page(before=7, limit=3) == [4, 5, 6]
    assert await page(after=4, limit=3) == [5, 6, 7]
    assert await page(after=2, before=5) == [3, 4]
    assert await page(after=9) == []


async def test_a_thread_is_read_across_its_conversations(db, open_one, append, change):
    first = await open_one()
    await append(first, Author.CONTACT, said("one"))
    await append(first, Author.AGENT, said("note"), private=True)
    await change(first, status=Status.RESOLVED)
    second = await open_one()
    await append(second, Author.CONTACT, said("three"))
    other = await open_one(ADDRESS.model_copy(update={"thread": "t2"}))
    await append(other, Author.CONTACT, said("not theirs"))

    async def read(after, limit=200):
        found = await db.read(conversations.thread_messages, "shop", "t1", after, limit)
        return [(message.position, message.parts[0].text) for message in found]

    assert await read(0) == [(1, "one"), (3, "three")]
    assert await read(1) == [(3, "three")]
    assert await read(0, 1) == [(1, "one")]


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ((Text(text="a\n\n b\t c"),), "a b c"),
        ((Text(text="x" * 500),), "x" * 119 + "…"),
        ((Text(text="x" * 120),), "x" * 120),
        ((Text(text="one two " * 100),), ("one two " * 100)[:119] + "…"),
        ((Text(text="one" + " " * 500 + "two"),), "one two"),
        ((Media(kind="image", ref="r"),), "[image]"),
        ((Media(kind="voice", ref="r", transcript="hello"),), "hello"),
        ((Text(text="see"), Media(kind="file", ref="r")), "see"),
        ((Location(latitude=1, longitude=2),), "[location]"),
        ((Unsupported(platform_kind="sticker"),), "[sticker]"),
        ((ContactEvent(event="opened"),), "[opened]"),
        ((Choices(prompt="which?", options=(Choice(value="a", label="A"),)),), "which?"),
        ((Text(text=" "),), "[text]"),
        ((), ""),
    ],
)
def test_a_preview_is_one_plain_line(parts, line):
    assert preview_of(parts) == line
