"""Who unfollows is forgotten where the platform demands it, and nobody else is."""

from dataclasses import replace

from sqlalchemy import event
from sqlmodel import select

from bot.timers import EFFECTS
from channels.base import Quarantined, Reception
from channels.errors import Refused
from channels.message import Address, ContactEvent, IncomingMessage, Media, Text, Unsupported
from handlers.desk.tickets import NewTicket, open_ticket
from storage import timers
from storage.models import (
    Activity,
    Contact,
    Conversation,
    Delivery,
    Fact,
    Identity,
    InboundEvent,
    Lane,
    MediaFile,
    MediaState,
    Message,
    Pace,
    Ticket,
    Timer,
)
from tests.postgres import on_sqlite

PERSONAL = (
    Activity,
    Contact,
    Conversation,
    Delivery,
    Identity,
    InboundEvent,
    Lane,
    MediaFile,
    Message,
    Pace,
)
SECRET = "13800138000"


def everything(model):
    return lambda session: list(session.exec(select(model)))


async def open_house(build, *, forgets=True):
    house = await build().open()
    adapter = house.adapter()
    adapter.capabilities = replace(adapter.capabilities, forgets_who_left=forgets)
    return house


async def does(house, part, thread="lily", name="李丽"):
    message = IncomingMessage(
        address=Address(inbox="shop", thread=thread, contact=thread),
        dedupe_key=f"{len(await house.db.read(everything(InboundEvent)))}",
        sent_at=house.time(),
        parts=(part,),
        contact_name=name,
    )
    await house.intake.bring("shop", Reception((message,)), None)
    await house.think()


async def leaves(house, thread="lily"):
    await does(house, ContactEvent(event="unfollowed"), thread)


async def goes_on(house, **length):
    house.time.pass_by(**length)
    return await house.db.write(timers.fire, EFFECTS, house.time())


async def rows_with(house, *words):
    """Return every row in which one of some words stands."""
    rows = [row for model in PERSONAL for row in await house.db.read(everything(model))]
    return [row for row in rows if any(word in repr(row.model_dump()) for word in words)]


async def test_what_was_said_and_who_it_was_is_deleted(build):
    house = await open_house(build)
    await does(house, Text(text=f"call {SECRET}"))
    await does(house, Media(kind="image", ref="ref-1", name="lily.jpg"))
    await house.send()
    await leaves(house)
    await house.send()
    assert len(await rows_with(house, SECRET, "lily", "李丽")) > 5
    assert (await goes_on(house, seconds=60)).done == 1
    assert await rows_with(house, SECRET, "lily", "李丽", "ref-1") == []
    messages = await house.db.read(everything(Message))
    assert {message.parts for message in messages} == {(Unsupported(platform_kind="erased"),)}
    (file,) = await house.db.read(everything(MediaFile))
    assert file.state is MediaState.DOOMED


async def test_what_the_platform_said_of_them_goes_too_and_what_nobody_understood(build):
    house = await open_house(build)

    async def refuses(message):
        raise Refused(f"no such user: {message.address.contact}")

    house.adapter().send = refuses
    await does(house, Text(text="hello"))
    await house.send()
    odd = Quarantined("odd", "is no message", '{"from": "lily", "text": "13800138000"}')
    others = Quarantined("other", "is no message", '{"from": "tom"}')
    await house.intake.bring("shop", Reception((), (odd, others)), None)
    assert [type(row) for row in await rows_with(house, "no such user: lily")] != []
    await leaves(house)
    await house.send()
    await goes_on(house, seconds=60)
    assert await rows_with(house, "lily", SECRET) == []
    kept = await house.db.read(everything(InboundEvent))
    assert [event.payload for event in kept if event.lane is None] != [{}, {}]
    facts = [fact.fact for fact in await house.db.read(everything(Activity))]
    assert Fact.DELIVERY_FAILED in facts


async def test_a_case_stays_without_its_customers_name(build):
    house = await open_house(build)
    await does(house, Text(text="hello"))
    await house.send()
    talk = await house.conversation()
    new = NewTicket("complaint", {"facts": "broken", "order": "A-1"})
    await house.db.write(lambda s: open_ticket(s, s.merge(talk), new, house.time()).number)
    await leaves(house)
    await house.send()
    await goes_on(house, seconds=60)
    (ticket,) = await house.db.read(everything(Ticket))
    assert ticket.fields == {"facts": "broken", "order": "A-1"}
    (contact,) = await house.db.read(everything(Contact))
    assert (ticket.contact_id, contact.name) == (contact.id, None)


async def test_nobody_else_is_forgotten(build):
    house = await open_house(build)
    await does(house, Text(text="I stay"), thread="tom", name="Tom")
    await does(house, Text(text=SECRET))
    await leaves(house)
    await house.send()
    await goes_on(house, seconds=60)
    assert await house.spoken("tom") == [("contact", "I stay"), ("bot", "re: I stay")]
    assert {contact.name for contact in await house.db.read(everything(Contact))} == {"Tom", None}


async def test_where_the_platform_does_not_demand_it_nothing_is_deleted(build):
    house = await open_house(build, forgets=False)
    await does(house, Text(text=SECRET))
    await leaves(house)
    await house.send()
    assert (await goes_on(house, days=1)).done == 0
    assert await rows_with(house, SECRET)


async def test_what_is_still_on_its_way_ends_first(build):
    house = await open_house(build)
    await does(house, Text(text=SECRET))
    await leaves(house)
    await goes_on(house, seconds=60)
    assert await rows_with(house, SECRET)
    await house.send()
    await goes_on(house, seconds=60)
    assert await rows_with(house, SECRET) == []


async def test_who_comes_back_at_once_begins_anew(build):
    house = await open_house(build)
    await does(house, Text(text=SECRET))
    await leaves(house)
    house.time.pass_by(seconds=5)
    await does(house, Text(text="back again"))
    await house.send()
    await goes_on(house, seconds=60)
    assert await rows_with(house, SECRET) == []
    assert (await house.spoken())[-2:] == [("contact", "back again"), ("bot", "re: back again")]


async def test_who_comes_back_later_is_somebody_new(build):
    house = await open_house(build)
    await does(house, Text(text=SECRET))
    await leaves(house)
    await house.send()
    await goes_on(house, seconds=60)
    await does(house, Text(text="hello"), name=None)
    await house.send()
    assert await house.spoken() == [("contact", "hello"), ("bot", "re: hello")]
    assert len(await house.db.read(everything(Identity))) == 2
    assert await house.statuses() == ["sent"] * len(await house.statuses())


async def test_a_timer_that_fires_twice_does_no_harm(build):
    house = await open_house(build)
    await does(house, Text(text=SECRET))
    await leaves(house)
    await house.send()
    house.time.pass_by(seconds=90)
    (timer,) = await house.db.read(everything(Timer))
    for _ in range(2):
        await house.db.write(EFFECTS[timer.kind], timer, house.time())
    assert await rows_with(house, SECRET) == []
    assert len(await house.db.read(everything(Conversation))) == 1


@on_sqlite
async def test_who_leaves_is_found_without_looking_at_everybody(build):
    """On SQLite all that is written waits for it; an inbox may hold a million events."""
    house = await open_house(build)
    await does(house, Text(text="hello"))
    await house.send()
    await leaves(house)
    await house.send()
    house.time.pass_by(seconds=60)
    ways = []

    def explain(connection, _cursor, words, values, _context, many):
        given = values[0] if many else values
        asked = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {words}", given)
        ways.extend(row[3] for row in asked)

    def fire(session):
        engine = session.connection().engine
        event.listen(engine, "before_cursor_execute", explain)
        try:
            return timers.fire(session, EFFECTS, house.time())
        finally:
            event.remove(engine, "before_cursor_execute", explain)

    assert (await house.db.write(fire)).done == 1
    everybody = [
        way
        for way in ways
        for table in ("inboundevent", "lane", "mediafile", "message", "delivery")
        if way.startswith(f"SCAN {table}")
        or (way.startswith(f"SEARCH {table} ") and way.endswith("(inbox=?)"))
    ]
    assert everybody == []
