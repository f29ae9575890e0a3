from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.message import ContactEvent, IncomingMessage, Media, Part, Text, Unsupported
from channels.miniprogram.parse import parse, read
from channels.tencent.seal import Unreadable

FIXTURES = Path(__file__).parent / "fixtures"

ORDER = Text(text="订单详情\npages/order?id=8812")
ENTERED = ContactEvent(event="opened", context="pages/order?id=8812")
UNDERSTOOD: dict[str, Part] = {
    "text__plain.json": Text(text="我的快递到哪了"),
    "text__plain.xml": Text(text="我的快递到哪了"),
    "text__dangerous.json": Text(text="a]]>b <x>&amp; 🙂"),
    "text__dangerous.xml": Text(text="a]]>b <x>&amp; 🙂"),
    "text__empty.json": Text(text=""),
    "image__photo.json": Media(kind="image", ref="MEDIA-1"),
    "image__photo.xml": Media(kind="image", ref="MEDIA-1"),
    "miniprogrampage__order.json": ORDER,
    "miniprogrampage__order.xml": ORDER,
    "event__enter.json": ENTERED,
    "event__enter.xml": ENTERED,
    "event__enter_bare.json": ContactEvent(event="opened"),
    "event__new.json": Unsupported(platform_kind="event:some_future_event"),
    "event__new.xml": Unsupported(platform_kind="event:some_future_event"),
    "voice__new_kind.json": Unsupported(platform_kind="voice"),
}
NOTICES = ("event__subscribe_msg_sent.json", "event__subscribe_msg_sent.xml")
UNREADABLE = {
    "bad__no_kind.json": "no MsgType",
    "bad__kind_is_a_list.json": "no MsgType",
    "bad__no_customer.json": "no FromUserName",
    "bad__wordy_time.json": "sensible time",
    "bad__wordy_time.xml": "sensible time",
    "bad__endless_time.json": "sensible time",
    "bad__endless_id.json": "too long",
    "bad__no_media.json": "no MediaId",
    "bad__no_media.xml": "no MediaId",
    "bad__entities.xml": "document type",
    "bad__said_twice.json": "twice",
    "bad__truncated.json": "no JSON",
}


def recorded(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def parsed(content: str) -> IncomingMessage | None:
    return parse("shop", content, read(content))


def test_every_fixture_is_used():
    assert {path.name for path in FIXTURES.iterdir()} == {
        *UNDERSTOOD,
        *NOTICES,
        *UNREADABLE,
    }


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_a_customer_does_is_understood(name):
    message = parsed(recorded(name))
    assert message.parts == (UNDERSTOOD[name],)
    assert message.address.thread == message.address.contact == "oTESTopenid0001"
    assert message.sent_at.timestamp() == 1700000000


@pytest.mark.parametrize("name", NOTICES)
def test_what_became_of_a_subscription_message_is_nothing_that_a_customer_said(name):
    assert parsed(recorded(name)) is None


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_makes_no_sense_is_unreadable(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        parsed(recorded(name))


def test_xml_and_json_of_one_message_mean_the_same():
    for name in ("text__plain", "image__photo", "event__enter"):
        assert parsed(recorded(f"{name}.json")) == parsed(recorded(f"{name}.xml"))
    assert parsed(recorded("text__plain.json")).dedupe_key == "24000000000000001"


def test_an_event_is_known_by_who_when_and_from_where():
    event = recorded("event__enter.json")
    key = parsed(event).dedupe_key
    for old, new in (("1700000000", "1700000001"), ("8812", "8813"), ("0001", "0002")):
        assert parsed(event.replace(old, new)).dedupe_key != key


@settings(max_examples=100)
@given(st.data())
def test_a_mangled_push_is_understood_or_unreadable(data):
    content = recorded(data.draw(st.sampled_from(sorted(UNDERSTOOD))))
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    mangled = content[:start] + data.draw(st.text(max_size=8)) + content[end:]
    with suppress(Unreadable):
        assert isinstance(parsed(mangled), IncomingMessage | None)
