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
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
    Visibility,
)
from channels.qq.parse import Unreadable, parse, read

FIXTURES = Path(__file__).parent / "fixtures"
USER, GROUP = "E4F4AEA33253A2797FB897C50B81D7ED", "C9F778FE6ADF9D1D1DBE395BF744A33A"
CDN = "https://multimedia.nt.qq.com.cn"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

UNDERSTOOD: dict[str, tuple[Part, ...]] = {
    "c2c__text": (Text(text="发货了吗"),),
    "c2c__image": (
        Text(text="坏了"),
        Media(kind="image", ref=f"{CDN}/download?appid=1406&fileid=x", name="1.jpg", size=123456),
    ),
    "c2c__voice_recognised": (
        Media(kind="voice", ref=f"{CDN}/v", name="a.amr", transcript="到哪了"),
    ),
    "c2c__video": (Media(kind="video", ref=f"{CDN}/v.mp4"),),
    "c2c__file": (Media(kind="file", ref=f"{CDN}/f", name="发票.pdf"),),
    "c2c__attachment_without_url": (Unsupported(platform_kind="ark"),),
    "c2c__nothing": (Unsupported(platform_kind="7"),),
    "group__text": (Text(text="发货了吗"),),
    "group__all_messages": (Text(text="在吗"),),
    "friend__added": (ContactEvent(event="followed"),),
    "friend__removed": (ContactEvent(event="unfollowed"),),
    "friend__rejects": (ContactEvent(event="blocked"),),
    "friend__accepts": (ContactEvent(event="opened"),),
    "tap__direct": (Selection(value="menu:orders"),),
    "tap__group": (Selection(value="menu:orders"),),
}
NOTHING = {"other__robot_joined_group", "other__unknown"}
UNREADABLE = {
    "bad__no_author": "KeyError",
    "bad__no_id": "no id",
    "bad__endless_openid": "user_openid",
    "bad__naive_time": "zone",
    "bad__time_is_word": "ValueError",
    "bad__content_is_list": "content",
    "bad__attachments_is_text": "attachments",
    "bad__attachment_is_text": "AttributeError",
    "bad__tap_on_nothing": "nothing",
    "bad__no_d": "KeyError",
    "bad__endless_time": "OverflowError",
    "bad__list": "no JSON object",
    "bad__truncated": "no JSON",
}


def recorded(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def parsed(body: bytes) -> IncomingMessage | None:
    return parse("shop", read(body), NOW)


def test_every_fixture_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*UNDERSTOOD, *NOTHING, *UNREADABLE}


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_each_kind_becomes_its_parts(name):
    message = parsed(recorded(name))
    assert message.parts == UNDERSTOOD[name]
    assert message.address.contact == USER
    assert message.sent_at == datetime(2023, 11, 6, 5, 37, 18, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_what_says_nothing_of_a_customer_is_passed_over(name):
    assert parsed(recorded(name)) is None


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_senseless_is_named(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        parsed(recorded(name))


def test_a_group_is_public_and_each_of_its_people_a_thread():
    address = parsed(recorded("group__text")).address
    assert address.visibility is Visibility.PUBLIC
    assert address.thread == f"group:{GROUP}:{USER}"
    assert parsed(recorded("c2c__text")).address.thread == f"c2c:{USER}"


def test_what_answers_an_event_is_told_from_what_answers_a_message():
    assert parsed(recorded("friend__added")).platform_id == "event:FRIEND_ADD:9f1"
    assert parsed(recorded("tap__direct")).platform_id == "event:i-1"
    assert not parsed(recorded("c2c__text")).platform_id.startswith("event:")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=150)
@given(st.data())
def test_no_change_of_a_genuine_call_surprises_the_parser(data):
    fields = json.loads(recorded(data.draw(st.sampled_from(sorted(UNDERSTOOD)))))
    where = data.draw(st.sampled_from(["", "d", "author"]))
    spot = fields if not where else fields["d"]
    spot = spot.get("author", spot) if where == "author" else spot
    spot[data.draw(st.sampled_from([*sorted(spot), "attachments", "extra"]))] = data.draw(JUNK)
    with suppress(Unreadable):
        parsed(json.dumps(fields).encode())
