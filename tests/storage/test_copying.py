import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from channels.base import Reception
from channels.message import Address, IncomingMessage, Text
from storage import contacts, conversations, copying, knowledge, timers, transport
from storage.copying import Miscounted, NotEmpty
from storage.database import Database
from storage.models import Activity, Author, Fact, Team
from storage.upsert import table_of
from tests.postgres import on_sqlite


def fill(session, now):
    """A little of much: talks, answers, a knowledge base, timers, what JSON and NULL make hard."""
    address = Address(inbox="shop", thread="t1", contact="lily")
    contact, _ = contacts.find_or_make(session, "shop", "lily", "Lily 丽丽", None, now)
    talk = conversations.open_for(session, address, contact, "zh", now)
    for n in range(30):
        author = Author.BOT if n % 2 else Author.CONTACT
        parts = (Text(text=f"{n} 你好 \u2028 'quoted' \\ %s :x"),)
        conversations.append(session, talk, author, parts, now + timedelta(seconds=n))
    message = IncomingMessage(address=address, dedupe_key="k", sent_at=now, parts=(Text(text="x"),))
    transport.accept(session, "shop", Reception(messages=(message,)), now)
    knowledge.save_draft(session, "returns", knowledge.Content("怎么退货", ("退货",)), None, now)
    knowledge.publish(session, None, "first", now)
    timers.add(session, "t", "sweep", now, {"a": [1, None, {"b": "c"}]})


@pytest.fixture
async def filled(url, db, now) -> Path:
    await db.write(fill, now)
    await db.__aexit__()
    return Path(url.removeprefix("sqlite:///"))


@pytest.fixture
async def target(server, postgres_url):
    server.wipe("shop")
    async with Database(postgres_url) as opened:
        yield opened


def everything(session):
    return {
        model.__name__: sorted(
            (tuple(row) for row in session.connection().execute(select(table_of(model))).all()),
            key=repr,
        )
        for model in copying.tables()
    }


@on_sqlite
async def test_every_row_of_every_table_arrives_as_it_was(filled, target):
    counted = await target.run(copying.copy, filled)
    async with Database(f"sqlite:///{filled}") as source:
        was = await source.read(everything)
    assert await target.read(everything) == was
    assert counted["message"] == 30
    assert counted == {table_of(model).name: len(was[model.__name__]) for model in copying.tables()}


@on_sqlite
async def test_numbering_goes_on_where_it_was(filled, target, now):
    await target.run(copying.copy, filled)
    last = await target.read(lambda s: max(s.connection().execute(select(Activity.id)).scalars()))

    def more(session):
        fact = Activity(fact=Fact.NOTE_ADDED, at=now)
        session.add(fact)
        session.flush()
        return fact.id

    assert await target.write(more) == last + 1


@on_sqlite
async def test_where_nothing_was_missing_is_null_and_not_a_json_null(filled, target):
    await target.run(copying.copy, filled)
    query = text("SELECT count(*) FROM message WHERE why IS NULL")
    assert await target.read(lambda s: s.connection().execute(query).scalar_one()) == 30


@on_sqlite
async def test_a_target_that_has_something_is_left_alone(filled, target):
    await target.write(lambda s: s.add(Team(id=uuid4(), name="night shift")))
    with pytest.raises(NotEmpty, match=r"'team'.*createdb"):
        await target.run(copying.copy, filled)
    assert (await target.read(everything))["Message"] == []


@on_sqlite
async def test_what_does_not_arrive_whole_does_not_arrive_at_all(filled, target, monkeypatch):
    def lossy(connection, model, rows):
        real(connection, model, rows[:-1] if model.__name__ == "Timer" else rows)

    real = copying.add_all
    monkeypatch.setattr(copying, "add_all", lossy)
    with pytest.raises(Miscounted, match="timer: 1 rows here, 0 arrived"):
        await target.run(copying.copy, filled)
    assert (await target.read(everything))["Message"] == []


async def test_an_empty_file_is_copied_too(target, tmp_path, empty):
    shutil.copy(empty, tmp_path / "other.db")
    assert set((await target.run(copying.copy, tmp_path / "other.db")).values()) == {0}
