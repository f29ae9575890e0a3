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
from channels.tencent.seal import Unreadable
from channels.wechat.parse import Names, parse, read

FIXTURES = Path(__file__).parent / "fixtures"

UNDERSTOOD: dict[str, Part] = {
    "text__plain": Text(text="我的快递到哪了"),
    "text__menu_tap": Selection(value="101", label="满意"),
    "text__from_article": Text(text="还有货吗"),
    "text__empty": Text(text=""),
    "text__split_cdata": Text(text="a]]>b <x>&amp;"),
    "text__without_id": Text(text="你好"),
    "image__photo": Media(kind="image", ref="MEDIA-image-1"),
    "voice__plain": Media(kind="voice", ref="MEDIA-voice-1"),
    "voice__recognised": Media(kind="voice", ref="MEDIA-voice-2", transcript="怎么退货"),
    "video__clip": Media(kind="video", ref="MEDIA-video-1"),
    "shortvideo__clip": Media(kind="video", ref="MEDIA-video-2"),
    "location__point": Location(latitude=23.134521, longitude=113.358803, label="广州塔"),
    "link__article": Text(text="开箱测评\nhttps://example.com/a?b=1"),
    "miniprogrampage__card": Text(text="订单\npages/order"),
    "file__new_kind": Unsupported(platform_kind="file"),
    "subscribe__plain": ContactEvent(event="followed"),
    "subscribe__scene": ContactEvent(event="followed", context="src7"),
    "unsubscribe__plain": ContactEvent(event="unfollowed"),
    "scan__scene": ContactEvent(event="opened", context="src7"),
    "click__menu": Selection(value="MENU_ORDERS"),
    "view__link": ContactEvent(event="opened", context="https://example.com/help"),
    "view_miniprogram__page": ContactEvent(event="opened", context="pages/index"),
    "user_enter_tempsession__order": ContactEvent(event="opened", context="order_8812"),
    "pic_sysphoto__nested": Unsupported(platform_kind="event:pic_sysphoto"),
    "unknown_event__new": Unsupported(platform_kind="event:some_future_event"),
}
NOTICES = (
    "location_report__notice",
    "templatesendjobfinish__notice",
    "subscribe_msg_popup_event__of_nothing",
)
AGREED = {
    "subscribe_msg_popup_event__two": (
        ContactEvent(event="declined", context="已发货"),
        ContactEvent(event="agreed", context="T-9"),
    ),
    "subscribe_msg_change_event__off": (ContactEvent(event="declined", context="已发货"),),
}
UNREADABLE = {
    "bad__no_kind": "MsgType",
    "bad__two_kinds": "MsgType twice",
    "bad__two_ids": "MsgId twice",
    "bad__no_content": "ValidationError",
    "bad__nowhere": "nowhere",
    "bad__endless_time": "OverflowError|ValueError",
    "bad__wordy_time": "ValueError",
    "bad__endless_id": "too long",
    "bad__endless_template": "too long",
    "bad__attributes": "attributes",
    "bad__entities": "document type",
    "bad__truncated": "no XML",
    "bad__deep": "levels",
}


def recorded(name: str) -> str:
    return (FIXTURES / f"{name}.xml").read_text(encoding="utf-8")


def parsed(xml: str) -> IncomingMessage | None:
    return parse("shop", xml, read(xml))


def test_every_fixture_is_used():
    used = {*UNDERSTOOD, *NOTICES, *AGREED, *UNREADABLE}
    assert {path.stem for path in FIXTURES.iterdir()} == used


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_each_kind_becomes_its_part(name):
    message = parsed(recorded(name))
    assert message is not None
    assert message.parts == (UNDERSTOOD[name],)
    assert message.address.thread == message.address.contact == "oTESTopenid0000000000000001"
    assert message.address.inbox == "shop"
    assert message.sent_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize("name", AGREED)
def test_what_a_customer_agrees_to_is_called_as_the_settings_call_it(name):
    xml = recorded(name)
    message = parse("shop", xml, read(xml), Names(notices={"T-2": "已发货"}))
    assert message.parts == AGREED[name]


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_is_no_message(name):
    assert parsed(recorded(name)) is None


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_senseless_is_named(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        parsed(recorded(name))


def test_a_message_is_known_by_its_id():
    message = parsed(recorded("text__plain"))
    assert message is not None
    assert message.dedupe_key == message.platform_id == "24000000000000001"


def test_every_fixture_without_an_id_has_a_key_of_its_own():
    keys = [m.dedupe_key for name in UNDERSTOOD if (m := parsed(recorded(name)))]
    told_apart = [key for key in keys if key != "24000000000000001"]
    assert len(set(told_apart)) == len(told_apart) > 5


def test_two_events_in_one_second_have_two_keys():
    xml = recorded("click__menu")
    one, other = parsed(xml), parsed(xml.replace("MENU_ORDERS", "MENU_HELP"))
    assert one is not None
    assert other is not None
    assert one.dedupe_key != other.dedupe_key


@settings(max_examples=150)
@given(st.data())
def test_damaged_messages_are_read_or_refused_and_nothing_else(data):
    xml = recorded(data.draw(st.sampled_from([*UNDERSTOOD, *UNREADABLE])))
    start = data.draw(st.integers(0, len(xml)))
    end = data.draw(st.integers(start, len(xml)))
    put = data.draw(st.text(max_size=20) | st.sampled_from(["<a>", "]]>", "&#0;", "\ud800"]))
    with suppress(Unreadable):
        parsed(xml[:start] + put + xml[end:])
