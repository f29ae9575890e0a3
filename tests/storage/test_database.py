import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, select

from storage import schema
from storage.database import BadUrl, Database, DatabaseInUse, Unavailable
from storage.engine import make_engine
from storage.jobs import Terms, on_terms
from storage.models import Team
from tests.postgres import on_sqlite


def add(session: Session, name: str) -> str:
    session.add(Team(name=name))
    session.flush()
    return name


def add_then_fail(session: Session, name: str) -> str:
    add(session, name)
    raise ValueError(name)


def names(session: Session) -> list[str]:
    return sorted(team.name for team in session.exec(select(Team)))


async def test_what_write_returned_can_be_read(db: Database):
    assert await db.write(add, "night shift") == "night shift"
    assert await db.read(names) == ["night shift"]


async def test_many_writes_at_once_all_arrive(db: Database):
    await asyncio.gather(*(db.write(add, f"team {n:03}") for n in range(300)))
    assert len(await db.read(names)) == 300


async def test_a_failing_write_takes_nothing_of_its_neighbours_along(db: Database):
    done = await asyncio.gather(
        db.write(add_then_fail, "b"),
        db.write(add, "c"),
        db.write(add, "a"),
        db.write(add, "a"),
        return_exceptions=True,
    )
    kinds = [type(item).__name__ for item in done]
    assert (kinds[:2], sorted(kinds[2:])) == (["ValueError", "str"], ["IntegrityError", "str"])
    assert await db.read(names) == ["a", "c"]


async def test_a_reader_cannot_write(db: Database):
    with pytest.raises(Exception, match=r"read-?only"):
        await db.read(add, "a")
    assert await db.read(names) == []


@on_sqlite
async def test_the_file_is_written_with_full_durability(db: Database):
    def pragmas(session: Session) -> tuple[object, object]:
        connection = session.connection()
        return (
            connection.exec_driver_sql("PRAGMA journal_mode").scalar(),
            connection.exec_driver_sql("PRAGMA synchronous").scalar(),
        )

    assert await db.write(pragmas) == ("wal", 2)


@on_sqlite
async def test_a_second_service_on_the_same_file_is_told_what_to_do(db: Database):
    with pytest.raises(DatabaseInUse, match=r"pid \d+.*Stop it first"):
        await Database(db.url).__aenter__()


async def test_a_guest_may_write_beside_the_service(db: Database):
    async with Database(db.url, guest=True) as guest:
        await guest.write(add, "from a command")
    assert await db.read(names) == ["from a command"]


async def test_the_lock_is_free_again_after_closing(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/again.db"
    for _ in range(2):
        async with Database(url) as database:
            assert await database.read(lambda _: 1) == 1


@on_sqlite
async def test_a_database_that_cannot_commit_says_so_and_recovers(db: Database):
    def spoil(session: Session) -> None:
        raw = session.connection().connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        add(session, "never stored")
        raw.rollback()

    with pytest.raises(Unavailable, match="takes no writes"):
        await db.write(spoil)
    await db.write(add, "afterwards")
    assert await db.read(names) == ["afterwards"]


@on_sqlite
async def test_when_the_disk_is_full_nothing_is_stored_that_was_said_not_to_be(db: Database):
    def fill(session: Session) -> None:
        connection = session.connection()
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")

    await db.write(fill)
    told = await asyncio.gather(
        *(db.write(add, name) for name in ("a", "b" * 100_000, "c", "d")), return_exceptions=True
    )
    assert [type(answer) for answer in told] == [Unavailable] * 4
    assert await db.read(names) == []
    await db.write(add, "afterwards")
    assert await db.read(names) == ["afterwards"]


async def test_a_folder_that_cannot_be_used_is_told_with_the_way_out(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    url = f"sqlite:///{tmp_path}/file/yingda.db"
    with pytest.raises(Unavailable, match=r"make its folder writable"):
        await Database(url).__aenter__()
    with pytest.raises(Unavailable, match=r"make its folder writable"):
        schema.upgrade(url)


async def test_a_closed_database_refuses(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/closed.db")
    with pytest.raises(Unavailable):
        await database.write(add, "a")
    with pytest.raises(Unavailable):
        await database.read(names)


async def test_listeners_hear_of_commits(db: Database):
    heard = asyncio.Event()
    db.on_commit(heard.set)
    await db.write(add, "a")
    await asyncio.wait_for(heard.wait(), 60)


async def test_listeners_hear_only_of_what_concerns_them(db: Database):
    heard: list[str] = []
    db.on_commit(lambda: heard.append("a fact"))
    db.on_outgoing(lambda: heard.append("something to send"))
    await db.write(on_terms(Terms(facts=False, sends=False))(lambda _: None))
    await db.write(on_terms(Terms(sends=False))(lambda _: None))
    assert heard == ["a fact"]
    await db.write(names)
    assert sorted(heard) == ["a fact", "a fact", "something to send"]


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("nonsense", "sqlite:///"),
        ("mysql://a/b", "SQLite"),
        ("sqlite://", "SQLite"),
        ("postgresql://a:secret%ZZ@b/e", "%XX"),
    ],
)
def test_other_addresses_are_refused_with_an_example(url: str, hint: str):
    with pytest.raises(BadUrl, match=hint) as told:
        Database(url)
    assert "secret" not in f"{told.value} {told.value.__cause__}"


def test_the_engine_keeps_foreign_keys(tmp_path: Path):
    engine = make_engine(tmp_path / "keys.db")
    SQLModel.metadata.create_all(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()


async def test_a_read_that_the_database_refuses_is_our_own_error(db: Database):
    with pytest.raises(Unavailable):
        await db.read(lambda s: s.connection().exec_driver_sql("SELECT 1 FROM nothing_there"))
    assert await db.read(lambda s: s.connection().exec_driver_sql("SELECT 1").scalar_one()) == 1


async def test_what_customers_said_stands_in_no_error(db: Database):
    def fail(session):
        session.connection().exec_driver_sql("INSERT INTO nothing VALUES (?)", ("Lily",))

    with pytest.raises(Exception, match="nothing") as failed:
        await db.write(fail)
    assert "Lily" not in f"{failed.value!r} {failed.value} {failed.value.__cause__}"
