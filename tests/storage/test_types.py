"""What is stored comes back as it was, whatever the database made of it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import DateTime, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import select

from channels.message import (
    Choice,
    Choices,
    ContactEvent,
    Location,
    Media,
    Selection,
    Text,
    Unsupported,
)
from storage import timers
from storage.models import Contact, Conversation, Owner, Timer
from storage.types import Moment, Parts, Word, utcnow

DIALECT = sqlite.dialect()
ALL = (
    Text(text="退款 👩‍👩‍👧 <b>'\"\\"),
    Media(kind="image", ref="m-1", name="a.png", size=3),
    Location(latitude=1.5, longitude=-2.5, label="here"),
    Choices(prompt="which?", options=(Choice(value="1", label="one"),)),
    Selection(value="1", label="one"),
    ContactEvent(event="followed", context="qr"),
    Unsupported(platform_kind="sticker"),
)


class Colour(StrEnum):
    RED = "r"


def through(column, value):
    return column.process_result_value(column.process_bind_param(value, DIALECT), DIALECT)


def test_every_kind_of_part_comes_back_equal():
    assert through(Parts(), ALL) == ALL
    assert through(Parts(), ()) == ()
    assert through(Parts(), None) is None


def test_a_part_of_an_unknown_kind_is_not_taken_for_another():
    with pytest.raises(ValueError, match="kind"):
        Parts().process_result_value([{"kind": "riddle"}], DIALECT)


@pytest.mark.parametrize("dialect", [DIALECT, postgresql.dialect()], ids=lambda one: one.name)
def test_a_part_that_cannot_be_read_is_told_without_what_was_said(dialect):
    unknown = {"kind": "hologram", "text": "my phone is 13812345678"}
    told = json.dumps([unknown]) if dialect.name == "sqlite" else [unknown]
    read = Parts().result_processor(dialect, None) or partial(
        Parts().process_result_value, dialect=dialect
    )
    with pytest.raises(ValueError, match="hologram") as failed:
        read(told)
    assert "138" not in str(failed.value)


def test_a_word_is_stored_by_value():
    assert Word(Colour).process_bind_param(Colour.RED, DIALECT) == "r"
    assert through(Word(Colour), Colour.RED) is Colour.RED
    assert through(Word(Colour), None) is None


def test_a_word_that_does_not_exist_is_neither_stored_nor_read():
    with pytest.raises(ValueError, match="green"):
        Word(Colour).process_bind_param("green", DIALECT)
    with pytest.raises(ValueError, match="green"):
        Word(Colour).process_result_value("green", DIALECT)


def test_a_moment_comes_back_with_its_zone_wherever_it_was_said(now):
    in_china = now.astimezone(timezone(timedelta(hours=8)))
    back = through(Moment(), in_china)
    assert (back, back.tzinfo) == (now, UTC)
    assert Moment().process_result_value(datetime(2026, 11, 22, 4, 0), DIALECT) == now  # noqa: DTZ001 - as SQLite gives it
    assert through(Moment(), None) is None


def test_a_moment_of_a_file_is_the_text_that_sqlalchemy_writes(now):
    ours, theirs = Moment(), DateTime()
    for moment in (now, now.replace(microsecond=7)):
        text = ours.bind_processor(DIALECT)(moment.astimezone(timezone(timedelta(hours=8))))
        assert text == theirs.dialect_impl(DIALECT).bind_processor(DIALECT)(moment)
        assert ours.result_processor(DIALECT, None)(text) == moment


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        Moment().process_bind_param(datetime(2026, 11, 22), DIALECT)  # noqa: DTZ001 - the mistake


def test_now_has_a_zone():
    assert utcnow().tzinfo is UTC


async def test_times_of_all_zones_are_compared_rightly_by_the_database(db, now):
    earlier = (now - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=8)))
    await db.write(timers.add, "a", "mark", earlier, {})
    assert await db.read(timers.any_due, now)
    assert not await db.read(timers.any_due, now - timedelta(minutes=2))
    assert (await db.read(lambda s: s.get_one(Timer, "a"))).due_at == earlier


async def test_the_hour_that_comes_twice_in_autumn_is_two_hours(db, live_in):
    live_in("Europe/Berlin")
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    again = first.replace(fold=1)
    for key, moment in (("summer", first), ("winter", again)):
        await db.write(timers.add, key, "mark", moment, {})
    due = await db.read(lambda s: [s.get_one(Timer, key).due_at for key in ("summer", "winter")])
    assert due == [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert not await db.read(timers.any_due, due[0] - timedelta(seconds=1))
    assert (await db.write(timers.fire, {"mark": _noted}, due[0])).done == 1
    assert not await db.read(timers.any_due, due[1] - timedelta(seconds=1))
    assert await db.read(timers.any_due, due[1])


def _noted(_session, _timer, _now):
    """Nothing is left to do."""


async def test_the_data_holds_words_not_names(db, now):
    def store(session):
        contact = Contact(name="Lily", created_at=now)
        session.add(contact)
        session.flush()
        session.add(
            Conversation(
                inbox="shop", thread="t", platform_contact="t", contact_id=contact.id, owner="queue"
            )
        )

    await db.write(store)
    raw = await db.read(lambda s: s.connection().execute(text("SELECT owner FROM conversation")))
    assert raw.scalar_one() == "queue"
    owner = await db.read(lambda s: s.exec(select(Conversation)).one().owner)
    assert owner is Owner.QUEUE
