import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import (
    ContactEvent,
    IncomingMessage,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.weibo.parse import Unreadable, parse, read

FIXTURES = Path(__file__).parent / "fixtures"

UNDERSTOOD: dict[str, Part] = {
    "text__plain": Text(text="发货了吗"),
    "text__ids_as_text": Text(text="发货了吗"),
    "position__point": Location(
        latitude=39.982525, longitude=116.308586, label="我在这里: http://t.cn/zQgLLYO"
    ),
    "voice__clip": Media(kind="voice", ref="821804469"),
    "image__photo": Media(kind="image", ref="821804470"),
    "follow__plain": ContactEvent(event="followed"),
    "unfollow__plain": ContactEvent(event="unfollowed"),
    "subscribe__keyword": ContactEvent(event="followed"),
    "unsubscribe__keyword": ContactEvent(event="unfollowed"),
    "scan__code": ContactEvent(event="opened", context="action_name_scene_id"),
    "scan_follow__code": ContactEvent(event="followed", context="action_name_scene_id"),
    "click__menu": Selection(value="MENU_ORDERS"),
    "view__menu": ContactEvent(event="opened", context="https://example.com/help"),
    "click__without_key": Unsupported(platform_kind="event:click"),
    "mention__event": Unsupported(platform_kind="event:mention"),
    "mention__message": Unsupported(platform_kind="mention"),
    "unknown__new_kind": Unsupported(platform_kind="hologram"),
    "unknown_event__new": Unsupported(platform_kind="event:dance"),
    "event__without_data": Unsupported(platform_kind="event:"),
}
UNREADABLE = {
    "bad__no_sender": "sender_id",
    "bad__sender_is_true": "sender_id",
    "bad__endless_sender": "sender_id",
    "bad__no_type": "KeyError",
    "bad__type_is_list": "type",
    "bad__no_text": "ValidationError",
    "bad__no_tovfid": "tovfid",
    "bad__data_is_list": "AttributeError",
    "bad__nowhere": "nowhere",
    "bad__wordy_time": "created_at",
    "bad__foreign_month": "ValueError",
    "bad__day_31_of_june": "ValueError",
    "bad__time_is_number": "TypeError",
    "bad__truncated": "no JSON",
    "bad__list": "no JSON object",
}


def recorded(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def parsed(body: bytes) -> IncomingMessage:
    return parse("shop", read(body))


def test_every_fixture_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*UNDERSTOOD, *UNREADABLE}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_each_kind_becomes_its_part(name):
    message = parsed(recorded(name))
    assert message.parts == (UNDERSTOOD[name],)
    assert message.address.thread == message.address.contact == "2489518277"
    assert message.sent_at == datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_senseless_is_named(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        parsed(recorded(name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "hologram"),
        ("sender_id", 7),
        ("receiver_id", 7),
        ("created_at", "Mon Jul 16 18:09:21 +0800 2012"),
        ("text", "发货了么"),
        ("data", {"a": 1}),
    ],
)
def test_all_that_was_said_is_the_dedupe_key(name, value):
    fields = json.loads(recorded("text__plain"))
    again = dict(reversed(fields.items()))
    assert parse("shop", fields).dedupe_key == parse("shop", again).dedupe_key
    assert parse("shop", fields).dedupe_key != parse("shop", {**fields, name: value}).dedupe_key


@settings(max_examples=150)
@given(st.data())
def test_damaged_messages_are_read_or_refused_and_nothing_else(data):
    body = recorded(data.draw(st.sampled_from([*UNDERSTOOD, *UNREADABLE])))
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, len(body)))
    put = data.draw(st.sampled_from([b"null", b'"\\ud800"', b"1e999", b"[{}]", b"\xff", b""]))
    with suppress(Unreadable):
        parsed(body[:start] + put + body[end:])


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(UNDERSTOOD)),
    st.sampled_from(["type", "sender_id", "created_at", "text", "data"]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
        max_leaves=5,
    ),
)
def test_any_value_in_any_field_is_read_or_refused(name, field, value):
    fields = {**json.loads(recorded(name)), field: value}
    with suppress(Unreadable):
        parse("shop", fields)
