import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.errors import Blocked, QuotaUsed, Refused, WindowClosed
from channels.message import (
    Address,
    ContactEvent,
    Location,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.tencent.seal import Unreadable
from channels.wecom.parse import Heard, Welcome, read

FIXTURES = Path(__file__).parent / "fixtures"
ACCOUNT, CUSTOMER = "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q", "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"
MEDIA = "2iSLeVyqzk4eX0IB5kTi9Ljfa2rt9dwfq5WKRQ4Nvvg"
TOWER = Location(
    latitude=23.106021881103501,
    longitude=113.320503234863,
    label="广州国际媒体港(广州市海珠区)\n广东省广州市海珠区滨江东路",
)

UNDERSTOOD: dict[str, Part] = {
    "text__plain": Text(text="退货怎么办"),
    "text__menu_tap": Selection(value="csat:5", label="满意"),
    "text__dangerous": Text(text="a]]>b <x>&amp; 🙂"),
    "image__photo": Media(kind="image", ref=f"{MEDIA}w"),
    "voice__amr": Media(kind="voice", ref=f"{MEDIA}x"),
    "video__clip": Media(kind="video", ref=f"{MEDIA}y"),
    "file__invoice": Media(kind="file", ref=f"{MEDIA}z"),
    "location__tower": TOWER,
    "link__article": Text(text="开箱测评\nhttps://example.com/a?b=1"),
    "miniprogram__order": Text(text="订单详情\npages/order/detail.html?id=8812"),
    "business_card__colleague": Unsupported(platform_kind="business_card"),
    "msgmenu__forwarded": Unsupported(platform_kind="msgmenu"),
    "channels_shop_product__cup": Unsupported(platform_kind="channels_shop_product"),
    "channels_shop_order__cup": Unsupported(platform_kind="channels_shop_order"),
    "merged_msg__talk": Unsupported(platform_kind="merged_msg"),
    "channels__video": Unsupported(platform_kind="channels"),
    "note__untold": Unsupported(platform_kind="note"),
    "hologram__new_kind": Unsupported(platform_kind="hologram"),
    "event__enter_session": ContactEvent(event="opened", context="pdp sku=7&from=首页"),
    "event__enter_session_bare": ContactEvent(event="opened"),
    "event__enter_session_channels": ContactEvent(event="opened", context="channels"),
    "event__user_recall_msg": ContactEvent(event="recalled", context="4cdBCnLkWXT1"),
    "event__with_an_id": ContactEvent(event="recalled", context="m_1"),
    "event__reject_customer_msg": ContactEvent(event="blocked"),
    "event__session_status_change": ContactEvent(event="released"),
    "event__session_status_change_taken": ContactEvent(event="served", context="LiSi"),
    "event__session_status_change_passed_on": ContactEvent(event="served", context="LiSi"),
    "event__new_of_a_customer": Unsupported(platform_kind="event:some_future_event"),
}
NOTHING = (
    "text__servicer",
    "image__servicer",
    "event__servicer_status_change",
    "event__servicer_recall_msg",
    "event__reject_customer_msg_off",
    "event__new_of_nobody",
    "event__msg_send_fail_of_another",
)
BOUNCED = {
    "event__msg_send_fail_late": (WindowClosed, r"48 hours ago \(4\)"),
    "event__msg_send_fail_quota": (QuotaUsed, r"five messages .* \(6\)"),
    "event__msg_send_fail_refused": (Blocked, r"refuses messages \(10\)"),
    "event__msg_send_fail_new_type": (Refused, r"does not say \(unknown\)"),
}
UNREADABLE = {
    "bad__no_time": "KeyError",
    "bad__wordy_time": "no send_time",
    "bad__endless_time": "OverflowError|OSError|ValueError",
    "bad__no_customer": "no external_userid",
    "bad__no_account": "no open_kfid",
    "bad__endless_id": "too long",
    "bad__no_content": "no content",
    "bad__content_is_a_list": "no content",
    "bad__no_media": "no media_id",
    "bad__nowhere": "nowhere",
    "bad__nan": "nowhere",
    "bad__from_nobody": "nobody we know",
    "bad__no_origin": "nobody we know",
    "bad__kind_is_missing": "KeyError",
    "bad__event_is_a_word": "no object",
    "bad__session_of_nobody": "no new_servicer_userid",
    "bad__bounce_without_id": "no fail_msgid",
    "bad__a_list": "no object",
}


def recorded(name: str) -> object:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def test_every_fixture_is_used():
    used = {*UNDERSTOOD, *NOTHING, *BOUNCED, *UNREADABLE}
    assert {path.stem for path in FIXTURES.iterdir()} == used


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_what_a_customer_does_is_understood(name):
    message = read("shop", recorded(name)).message
    assert message.parts == (UNDERSTOOD[name],)
    thread = f"{ACCOUNT}:{CUSTOMER}"
    assert message.address == Address(inbox="shop", thread=thread, contact=CUSTOMER)
    assert datetime(2023, 11, 14, tzinfo=UTC) < message.sent_at < datetime(2023, 11, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", NOTHING)
def test_servicers_and_the_system_are_not_answered(name):
    heard = read("shop", recorded(name))
    assert heard == Heard(heard.at)


@pytest.mark.parametrize("name", BOUNCED)
def test_what_did_not_arrive_is_told_with_its_reason(name):
    heard = read("shop", recorded(name))
    kind, words = BOUNCED[name]
    assert heard.message is None
    assert heard.bounced.delivery_id == "000102030405060708090a0b0c0d0e0f"
    assert type(heard.bounced.error) is kind
    with pytest.raises(kind, match=words):
        raise heard.bounced.error


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_makes_no_sense_is_unreadable(name):
    with pytest.raises(Unreadable, match=UNREADABLE[name]):
        read("shop", recorded(name))


def test_what_servicers_do_is_no_doing_of_the_customers():
    for name in ("event__session_status_change", "event__session_status_change_taken"):
        assert read("shop", recorded(name)).message.automatic
    assert not read("shop", recorded("event__enter_session")).message.automatic


def test_who_comes_in_may_be_greeted_with_the_code():
    heard = read("shop", recorded("event__enter_session"))
    assert heard.welcome == Welcome(f"{ACCOUNT}:{CUSTOMER}", "WELCOME-1")
    assert read("shop", recorded("event__enter_session_bare")).welcome is None


def test_a_message_is_known_by_its_id_and_an_event_by_all_it_says():
    assert read("shop", recorded("text__plain")).message.dedupe_key == "4cdBCnLkWXT1"
    assert read("shop", recorded("event__with_an_id")).message.dedupe_key == "m_002"
    event = recorded("event__enter_session")
    key = read("shop", event).message.dedupe_key
    assert key == read("shop", dict(reversed(event.items()))).message.dedupe_key
    later = {**event, "send_time": event["send_time"] + 1}
    assert key != read("shop", later).message.dedupe_key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def places(found, path=()):
    yield path
    if isinstance(found, dict):
        for key, value in found.items():
            yield from places(value, (*path, key))


def changed(found, path, value):
    if not path:
        return value
    return {**found, path[0]: changed(found[path[0]], path[1:], value)}


@settings(max_examples=150)
@given(st.data())
def test_a_changed_entry_is_understood_or_unreadable(data):
    name = data.draw(st.sampled_from(sorted({*UNDERSTOOD, *BOUNCED})))
    found = recorded(name)
    path = data.draw(st.sampled_from(sorted(places(found), key=str)))
    try:
        heard = read("shop", changed(found, path, data.draw(json_values)))
    except Unreadable:
        return
    assert isinstance(heard, Heard)
