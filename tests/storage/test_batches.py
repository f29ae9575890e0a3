"""What waits while a write runs goes into the next one; nobody suffers for another."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from storage.batches import Batches
from storage.database import Database, Unavailable
from tests.postgres import on_sqlite


@pytest.fixture
async def names(db: Database):
    await db.run(lambda c: c.execute(text("DROP TABLE IF EXISTS name")))
    await db.run(lambda c: c.execute(text("CREATE TABLE name (name TEXT PRIMARY KEY)")))

    async def read():
        query = text("SELECT name FROM name ORDER BY name")
        return await db.read(lambda s: list(s.connection().execute(query).scalars()))

    return read


class Names:
    """Stores names; one called `odd` is refused by itself, a double one breaks the whole write."""

    def __init__(self):
        self.writes, self.hold = [], None

    def __call__(self, connection, items):
        self.writes.append(list(items))
        if self.hold is not None:
            self.hold.wait(60)
        for item in items:
            if item != "odd":
                connection.execute(text("INSERT INTO name VALUES (:n)"), {"n": item})
        return [ValueError(item) if item == "odd" else item.upper() for item in items]


async def test_those_who_come_together_share_a_write(db, names):
    store = Names()
    batches = Batches(db, store)
    assert await asyncio.gather(*map(batches.add, "abc")) == ["A", "B", "C"]
    assert store.writes == [["a", "b", "c"]]
    assert await names() == ["a", "b", "c"]


async def test_a_write_takes_no_more_than_its_size(db, names):
    store = Names()
    batches = Batches(db, store, size=2)
    await asyncio.gather(*map(batches.add, "abc"))
    assert store.writes == [["a", "b"], ["c"]]


async def test_an_item_that_is_refused_is_refused_alone(db, names):
    batches = Batches(db, Names())
    told = await asyncio.gather(*map(batches.add, ("a", "odd", "b")), return_exceptions=True)
    assert [str(answer) for answer in told] == ["A", "odd", "B"]
    assert await names() == ["a", "b"]


async def test_an_item_that_breaks_the_write_does_not_take_the_others_along(db, names):
    batches = Batches(db, Names())
    told = await asyncio.gather(*map(batches.add, ("a", "a", "b")), return_exceptions=True)
    assert [type(answer) for answer in told] == [str, IntegrityError, str]
    assert await names() == ["a", "b"]


async def test_who_comes_when_too_many_wait_is_turned_away_at_once(db, names):
    store = Names()
    store.hold = threading.Event()
    batches = Batches(db, store, size=1, most=2)
    first = [asyncio.create_task(batches.add(name)) for name in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="try again"):
        await batches.add("c")
    store.hold.set()
    assert await asyncio.gather(*first) == ["A", "B"]
    assert await batches.add("c") == "C"
    assert await names() == ["a", "b", "c"]


async def test_who_gives_up_waiting_does_not_hold_up_the_rest(db, names):
    batches = Batches(db, Names())
    gone, there = (asyncio.create_task(batches.add(name)) for name in "ab")
    await asyncio.sleep(0)
    gone.cancel()
    assert await there == "B"


async def test_who_gave_up_before_a_write_began_is_left_out_where_they_come_again(db, names):
    store = Names()
    store.hold = threading.Event()
    batches = Batches(db, store, size=1, only_awaited=True)
    first = asyncio.create_task(batches.add("a"))
    while not store.writes:
        await asyncio.sleep(0)
    gone = asyncio.create_task(batches.add("b"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    store.hold.set()
    assert (await first, await batches.add("c")) == ("A", "C")
    assert (store.writes, await names()) == ([["a"], ["c"]], ["a", "c"])


async def test_a_database_that_takes_nothing_is_told_to_all_without_trying_each(db):
    store = Names()
    batches = Batches(db, store)
    await db.__aexit__()
    told = await asyncio.gather(*map(batches.add, "ab"), return_exceptions=True)
    assert [type(answer) for answer in told] == [Unavailable, Unavailable]
    assert store.writes == []


async def held(db):
    """Keep the writer busy; return how to let it go on."""
    begun, free = threading.Event(), threading.Event()

    def wait(_connection):
        begun.set()
        free.wait(60)

    task = asyncio.create_task(db.run(wait))
    await asyncio.to_thread(begun.wait, 60)
    return task, free


async def test_who_comes_before_the_writer_is_free_goes_along_with_who_asked_before(db, names):
    store = Names()
    batches = Batches(db, store)
    busy, free = await held(db)
    first = asyncio.create_task(batches.add("a"))
    await asyncio.sleep(0)
    # The write is on its way by now: it takes who waits when its turn comes.
    await asyncio.sleep(0)
    second = asyncio.create_task(batches.add("b"))
    await asyncio.sleep(0)
    free.set()
    assert await asyncio.gather(first, second, busy) == ["A", "B", None]
    assert db.shared or store.writes == [["a", "b"]]
    assert await names() == ["a", "b"]


async def test_who_comes_after_a_write_has_begun_is_stored_by_the_next(db, names):
    store = Names()
    store.hold = threading.Event()
    batches = Batches(db, store)
    first = asyncio.create_task(batches.add("a"))
    while not store.writes:
        await asyncio.sleep(0)
    second = asyncio.create_task(batches.add("b"))
    await asyncio.sleep(0)
    store.hold.set()
    assert await asyncio.gather(first, second) == ["A", "B"]
    assert store.writes == [["a"], ["b"]]
    assert await names() == ["a", "b"]


async def test_an_item_that_breaks_its_write_lets_nobody_overtake_the_others_of_it(db, names):
    store = Names()
    batches = Batches(db, store, size=3)
    busy, free = await held(db)
    tasks = [asyncio.create_task(batches.add(name)) for name in ("a", "a", "b", "c")]
    await asyncio.sleep(0)
    free.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    await busy
    assert [type(answer) for answer in told] == [str, IntegrityError, str, str]
    # PostgreSQL runs once more what somebody may have overtaken.
    assert list(dict.fromkeys(map(tuple, store.writes))) == [
        ("a", "a", "b"), ("a",), ("b",), ("c",),
    ]  # fmt: skip
    assert await names() == ["a", "b", "c"]


@on_sqlite
async def test_a_full_disk_is_told_to_all_as_what_passes_and_nothing_is_stored(db, names):
    def fill(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

    await db.run(fill)
    batches = Batches(db, Names())
    told = await asyncio.gather(
        *map(batches.add, ("a", "b" * 100_000, "c")), return_exceptions=True
    )
    assert [type(answer) for answer in told] == [Unavailable] * 3
    assert await names() == []
    assert await batches.add("d") == "D"


@on_sqlite
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another write"])
async def test_a_disk_that_fails_is_told_to_all_as_what_passes(db, names, beside):
    class Failing(sqlite3.OperationalError):
        sqlite_errorcode = sqlite3.SQLITE_IOERR

    def fail(connection, items):
        raise OperationalError("INSERT", None, Failing("disk I/O error"))

    busy, free = await held(db)
    batches = Batches(db, fail)
    more = [asyncio.create_task(db.run(lambda _: None))] if beside else []
    tasks = [asyncio.create_task(batches.add(name)) for name in "ab"]
    # One step of the loop to ask, one to hand the write in.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    free.set()
    told = await asyncio.gather(*tasks, *more, return_exceptions=True)
    await busy
    assert {type(answer) for answer in told} == {Unavailable}
    assert await names() == []


async def test_who_waits_too_long_is_told_so_and_is_stored_after_all(db, names):
    store, stored = Names(), asyncio.Queue()
    store.hold = threading.Event()
    batches = Batches(db, store, patience=0.01, stored=stored.put_nowait)
    with pytest.raises(TimeoutError):
        await batches.add("a")
    store.hold.set()
    async with asyncio.timeout(60):
        assert await stored.get() == ["A"]
    assert await names() == ["a"]
