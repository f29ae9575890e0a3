from datetime import UTC, datetime, timedelta

import pytest

from channels.message import Address
from storage import contacts, conversations, tickets
from storage.models import Ticket


@pytest.fixture
def add(db, now):
    async def make(number=None, at=now, contact="u1", **values):
        def run(session):
            person, _ = contacts.find_or_make(session, "shop", contact, None, None, now)
            address = Address(inbox="shop", thread=contact, contact=contact)
            here = conversations.find_open(session, "shop", contact)
            here = here or conversations.open_for(session, address, person, "zh", now)
            ticket = Ticket(
                number=number or tickets.next_number(session, "complaint", at),
                **{"kind": "complaint", "state": "received", **values},
                contact_id=person.id,
                conversation_id=here.id,
                opened_at=at,
            )
            return tickets.add(session, ticket)

        return await db.write(run)

    return make


async def listed(db, **where):
    return [ticket.number for ticket in await db.read(tickets.list_tickets, **where)]


async def test_numbers_are_gapless_within_a_day_and_begin_anew_with_the_next(db, add, now):
    numbers = [(await add()).number for _ in range(3)]
    numbers.append((await add(at=now + timedelta(days=1))).number)
    assert numbers == [
        "TS20261122-0001",
        "TS20261122-0002",
        "TS20261122-0003",
        "TS20261123-0001",
    ]


async def test_the_day_of_a_number_begins_at_midnight_where_the_firm_is(db, add):
    midnight = datetime(2026, 11, 22, 16, tzinfo=UTC)
    numbers = [
        (await add(at=midnight + timedelta(hours=hours, seconds=seconds))).number
        for hours, seconds in ((0, -1), (0, 0), (7, 59), (8, 0), (24, -1), (24, 0))
    ]
    assert numbers == [
        "TS20261122-0001",
        "TS20261123-0001",
        "TS20261123-0002",
        "TS20261123-0003",
        "TS20261123-0004",
        "TS20261124-0001",
    ]


async def test_each_kind_counts_for_itself(db, add, now):
    await add()
    assert await db.read(tickets.next_number, "after_sales", now) == "SH20261122-0001"
    assert await db.read(tickets.next_number, "feedback", now) == "YJ20261122-0001"


async def test_the_ten_thousandth_complaint_of_a_day_is_followed_by_the_next(db, add, now):
    await add("TS20261122-9999")
    await add("TS20261122-10000")
    assert await db.read(tickets.next_number, "complaint", now) == "TS20261122-10001"
    assert await listed(db) == ["TS20261122-10000", "TS20261122-9999"]
    assert await listed(db, before="TS20261122-10000") == ["TS20261122-9999"]


async def test_a_number_that_is_rolled_back_is_given_again(db, add, now):
    def fail(session):
        tickets.next_number(session, "complaint", now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await db.write(fail)
    assert (await add()).number == "TS20261122-0001"


async def test_a_ticket_is_found_by_its_number(db, add):
    ticket = await add()
    assert (await db.read(tickets.get, ticket.number)).id == ticket.id
    assert await db.read(tickets.get, "TS1") is None


async def test_steps_are_appended_and_move_the_ticket(db, add, now):
    ticket = await add()

    def walk(session):
        here = tickets.get(session, ticket.number)
        tickets.add_step(session, here, "receive", "received", {"facts": "杯子"}, None, now)
        tickets.add_step(session, here, "record", "recorded", {"category": "x"}, None, now)

    await db.write(walk)
    after = await db.read(tickets.get, ticket.number)
    assert (after.state, after.version) == ("recorded", 2)
    assert after.fields == {"facts": "杯子", "category": "x"}
    steps = await db.read(tickets.steps, ticket.id)
    assert [(s.position, s.source, s.target) for s in steps] == [
        (1, "", "received"),
        (2, "received", "recorded"),
    ]
    assert steps[1].fields == {"category": "x"}


async def test_lists_are_filtered(db, add, now):
    first = (await add(state="received")).number
    second = (await add(state="closed", closed_at=now)).number
    third = (await add(number="SH20261122-0001", kind="after_sales")).number
    assert set(await listed(db)) == {first, second, third}
    assert set(await listed(db, kind="complaint")) == {first, second}
    assert await listed(db, state="closed") == [second]
    assert set(await listed(db, view="pending")) == {first, third}
    assert await listed(db, view="handled") == [second]
    assert await listed(db, kind="feedback") == []


@pytest.mark.parametrize("query", ["杯子", "0001", "物流", "ts20261122-0001", " 杯子 ", "Broken"])
async def test_tickets_are_searched(db, add, query):
    fields = {"facts": "收到的杯子是碎的", "english": "broken cup"}
    number = (await add(fields=fields, department="物流部")).number
    await add(fields={"facts": "态度不好"})
    assert await listed(db, query=query) == [number]


@pytest.mark.parametrize("query", ["%", "_", "nothing", "'"])
async def test_signs_of_the_search_language_are_plain_text(db, add, query):
    await add(fields={"facts": "x"})
    assert await listed(db, query=query) == []


async def test_lists_are_paged_without_gaps_or_repeats(db, add, now):
    for hours in (0, 0, 1, 2, 2):
        await add(at=now + timedelta(hours=hours))
    every = await listed(db)
    pages, before = [], None
    while page := await listed(db, limit=2, before=before):
        pages += page
        before = page[-1]
    assert pages == every
    assert len(every) == 5
    assert await listed(db, before="unknown") == every


async def test_a_persons_tickets_are_their_own(db, add):
    own = await add(contact="u1")
    await add(contact="u2")
    found = await db.read(tickets.of_contact, own.contact_id)
    assert [ticket.id for ticket in found] == [own.id]
    there = await db.read(tickets.of_conversation, own.conversation_id)
    assert [ticket.id for ticket in there] == [own.id]
