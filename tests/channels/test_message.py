from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from channels.message import (
    Address,
    Choice,
    Choices,
    ContactEvent,
    IncomingMessage,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
    Visibility,
    clean,
    text_of,
)

ADDRESS = Address(inbox="main", thread="t", contact="c")
EVERY_PART = (
    Text(text="退款"),
    Media(kind="voice", ref="m1", transcript="我要退款"),
    Media(kind="image", ref="m2", name="a.png", size=3),
    Location(latitude=31.2, longitude=121.5),
    Choices(prompt="哪个？", options=(Choice(value="a", label="A"),)),
    Selection(value="a", label="A"),
    Selection(value="b"),
    ContactEvent(event="followed", context="scan:7"),
    Unsupported(platform_kind="hologram"),
)


def incoming(*parts, sent_at=datetime(2026, 11, 22, tzinfo=UTC)):
    return IncomingMessage(address=ADDRESS, dedupe_key="k", sent_at=sent_at, parts=parts)


def test_the_text_of_a_message_is_what_was_said_or_tapped():
    assert incoming(*EVERY_PART).text == "退款\n我要退款\n哪个？\nA\nb"


def test_a_message_without_words_has_an_empty_text():
    assert text_of(()) == incoming(Media(kind="image", ref="r")).text == ""


def test_parts_survive_json():
    parts = TypeAdapter(tuple[Part, ...])
    assert parts.validate_json(parts.dump_json(EVERY_PART)) == EVERY_PART


def test_a_message_that_cannot_be_read_is_told_without_what_was_said():
    with pytest.raises(ValidationError) as failed:
        IncomingMessage.model_validate({"text": "my phone is 13812345678"})
    assert "138" not in str(failed.value)


@pytest.mark.parametrize("nowhere", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["latitude", "longitude"])
def test_a_place_that_json_has_no_numbers_for_is_none(name, nowhere):
    with pytest.raises(ValidationError, match=name):
        Location.model_validate({"latitude": 31.2, "longitude": 121.5, name: nowhere})


@pytest.mark.parametrize(
    ("told", "kept"),
    [(0, 0), (2**63 - 1, 2**63 - 1), (2**63, None), (-1, None), (10**400, None), (None, None)],
)
def test_a_size_that_no_database_can_count_is_not_known(told, kept):
    assert Media(kind="file", ref="r", size=told).size == kept


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ("plain", "plain"),
        ("a\0b", "ab"),
        ("退\0款", "退款"),
        ("\ud83d\ude42", "🙂"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_a_platforms_string_is_made_storable(raw, stored):
    assert Text(text=raw).text == stored


@given(st.text(st.characters(codec=None, categories=["Cs", "Cc", "Lo", "So", "Ll"])))
def test_every_cleaned_string_fits_in_a_database_and_in_json(raw):
    cleaned = clean(raw)
    assert clean(cleaned) == cleaned
    with sqlite3.connect(":memory:") as db:
        assert db.execute("select ?", [cleaned]).fetchone()[0] == cleaned
    db.close()
    text = Text(text=raw)
    assert Text.model_validate_json(text.model_dump_json()) == text


def test_values_are_not_changed():
    with pytest.raises(ValidationError):
        ADDRESS.inbox = "other"  # type: ignore[misc]


def test_unknown_fields_and_kinds_are_refused():
    with pytest.raises(ValidationError):
        Text(text="a", markup="b")  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        TypeAdapter(Part).validate_python({"kind": "hologram"})


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError):
        incoming(sent_at=datetime(2026, 11, 22))  # noqa: DTZ001 - this is what is tried


def test_a_thread_is_private_unless_said():
    assert ADDRESS.visibility is Visibility.PRIVATE


def test_equal_addresses_are_one_key():
    assert {ADDRESS: 1}[Address(inbox="main", thread="t", contact="c")] == 1
