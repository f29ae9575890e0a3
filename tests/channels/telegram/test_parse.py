"""Every recorded update becomes what it means, and nothing hostile gets through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import Reception
from channels.message import (
    Address,
    ContactEvent,
    Location,
    Media,
    Selection,
    Text,
    Unsupported,
    Visibility,
)
from channels.telegram.parse import Own, callback_of, decode, move_of, read, unreadable

FIXTURES = Path(__file__).parent / "fixtures"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
OWN = Own("main", 7000000001, "shop_bot")

MEANINGS = {
    "message__text": (Text(text="退款要多久 😀"),),
    "message__start": (ContactEvent(event="opened"),),
    "message__start_with_payload": (ContactEvent(event="opened", context="order_8812"),),
    "message__photo_with_caption": (
        Media(kind="image", ref="large", size=145000),
        Text(text="屏幕碎了"),
    ),
    "message__voice": (Media(kind="voice", ref="voice1", size=9000),),
    "message__video": (Media(kind="video", ref="video1", name="leak.mp4", size=1500000),),
    "message__video_note": (Media(kind="video", ref="note1", size=300000),),
    "message__animation": (Media(kind="video", ref="gif1", name="a.mp4"),),
    "message__audio": (Media(kind="file", ref="song1", name="y.mp3", size=3000000),),
    "message__document": (Media(kind="file", ref="doc1", name="发票.pdf", size=52000),),
    "message__location": (Location(latitude=31.2304, longitude=121.4737),),
    "message__venue": (
        Location(latitude=31.2304, longitude=121.4737, label="人民广场店, 人民大道 1 号"),
    ),
    "message__contact": (Text(text="Li Wei +8613800000000"),),
    "message__sticker": (Unsupported(platform_kind="sticker"),),
    "message__dice": (Unsupported(platform_kind="dice"),),
    "message__unknown_new_kind": (Unsupported(platform_kind="hologram"),),
    "message__gift_without_its_fields": (Unsupported(platform_kind="unique_gift"),),
    "message__reply": (Text(text="就是这个"),),
    "message__group_mention": (Text(text="退款要多久"),),
    "message__group_command": (Text(text="/help 退款"),),
    "message__group_caption_mention": (
        Media(kind="image", ref="p9", size=1200),
        Text(text="坏了"),
    ),
    "message__group_topic": (Text(text="在吗"),),
    "message__album_document": (Media(kind="file", ref="doc2", name="保修卡.pdf", size=31000),),
    "message__live_location": (Location(latitude=31.2304, longitude=121.4737),),
    "message__forwarded": (Text(text="你好"),),
    "message__story": (Unsupported(platform_kind="story"),),
    "message__poll": (Unsupported(platform_kind="poll"),),
    "edited_message__caption": (
        Media(kind="image", ref="p9", size=1200),
        Text(text="屏幕碎了，左上角"),
    ),
    "callback_query__inline": (Selection(value="menu:1"),),
    "message__group_reply": (Text(text="还是不行"),),
    "edited_message__text": (Text(text="退款要多久？"),),
    "callback_query__tap": (Selection(value="csat:17:5", label="满意"),),
    "callback_query__too_old_message": (Selection(value="csat:17:1"),),
    "callback_query__game": (Unsupported(platform_kind="callback_query"),),
    "callback_query__group": (Selection(value="yes"),),
    "my_chat_member__blocked": (ContactEvent(event="blocked"),),
    "my_chat_member__unblocked": (ContactEvent(event="followed"),),
    "my_chat_member__restricted": (Unsupported(platform_kind="my_chat_member"),),
    "message_reaction__thumb": (Unsupported(platform_kind="message_reaction"),),
}
NOT_FOR_US = {
    "message__from_another_bot",
    "message__group_chatter",
    "message__group_command_of_another_bot",
    "message__group_became_supergroup",
    "message__supergroup_was_group",
    "message__group_joined",
    "edited_message__live_location",
    "message__group_anonymous_admin",
    "my_chat_member__added_to_group",
    "channel_post__text",
    "poll__closed",
}


def recorded(name):
    return decode((FIXTURES / f"{name}.json").read_bytes())


def heard(update):
    reception = read(update, OWN, NOW)
    assert not reception.quarantined
    (message,) = reception.messages
    return message


def text_update(**changes):
    message = recorded("message__text")["message"]
    return {"update_id": 1, "message": {**message, **changes}}


def test_every_fixture_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == MEANINGS.keys() | NOT_FOR_US


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_a_recorded_update_means_what_it_means(name):
    update = recorded(name)
    message = heard(update)
    assert message.parts == MEANINGS[name]
    assert message.dedupe_key == f"update:{update['update_id']}"
    assert message.sent_at.tzinfo is not None
    assert message.contact_name == "Li Wei"
    assert message.language == "zh-hans"
    assert message.address.contact == "42"


@pytest.mark.parametrize("name", sorted(NOT_FOR_US))
def test_what_is_not_for_us_is_passed_over(name):
    reception = read(recorded(name), OWN, NOW)
    assert reception.messages == reception.quarantined == ()


def test_a_private_chat_is_one_thread():
    assert heard(recorded("message__text")).address == Address(
        inbox="main", thread="42", contact="42"
    )
    assert heard(recorded("callback_query__tap")).address.thread == "42"


@pytest.mark.parametrize(
    "name", ["message__group_mention", "message__group_reply", "callback_query__group"]
)
def test_in_a_group_each_person_has_a_public_thread(name):
    assert heard(recorded(name)).address == Address(
        inbox="main", thread="-1001234567890:42", contact="42", visibility=Visibility.PUBLIC
    )


def test_before_the_bot_knows_its_name_a_mention_is_nobodys():
    own = Own("main", 7000000001)
    assert read(recorded("message__group_mention"), own, NOW).messages == ()
    assert read(recorded("message__group_reply"), own, NOW).messages


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("@shop_bot", ""),
        ("@Shop_Bot退款", "退款"),
        ("你好，@shop_bot。", "你好，。"),
        ("请问@shop_bot 在吗", "请问 在吗"),
        ("/help@shop_bot", "/help"),
        ("a /status@shop_bot 7", "a /status 7"),
    ],
)
def test_a_group_speaks_to_the_bot_by_its_name(words, rest):
    chat = recorded("message__group_mention")["message"]["chat"]
    assert heard(text_update(chat=chat, text=words)).parts == (Text(text=rest),)


@pytest.mark.parametrize(
    "words",
    [
        *("退款要多久", "shop_bot", "me@shop_bot", "@shop_bot.com", "@shop_bot2", "@my@shop_bot"),
        *("/help", "/help@other_bot", "https://t.me/@shop_bot", "a/help@shop_bot", "@shop_botany"),
    ],
)
def test_a_group_that_does_not_speak_to_the_bot_is_left_alone(words):
    chat = recorded("message__group_mention")["message"]["chat"]
    assert read(text_update(chat=chat, text=words), OWN, NOW) == Reception()


def test_pieces_of_an_album_name_it_and_edits_of_them_do_not():
    for name in ("message__photo_with_caption", "message__album_document"):
        assert heard(recorded(name)).album == "13000000"
    edit = heard(recorded("edited_message__caption"))
    assert (edit.album, edit.replaces) == (None, "5")
    assert heard(text_update(media_group_id=7)).album is None


def test_a_group_that_becomes_a_supergroup_says_so_in_both():
    moved = (-100200, -1001234567890)
    assert move_of(recorded("message__group_became_supergroup")) == moved
    assert move_of(recorded("message__supergroup_was_group")) == moved
    for update in (recorded("message__text"), None, {"message": 5}, text_update(chat=None)):
        assert move_of(update) is None


def test_an_edit_says_what_it_replaces_and_when():
    message = heard(recorded("edited_message__text"))
    assert message.replaces == message.platform_id == "5"
    assert message.sent_at == datetime.fromtimestamp(1700000060, UTC)


def test_an_answer_says_what_it_answers():
    assert heard(recorded("message__reply")).reply_to == "3"
    assert heard(recorded("callback_query__tap")).reply_to == "11"


def test_a_tap_happens_now_and_not_when_its_question_was_asked():
    assert heard(recorded("callback_query__tap")).sent_at == NOW


def test_a_tap_says_how_to_acknowledge_it():
    assert callback_of(recorded("callback_query__tap")) == "770011"
    assert callback_of(recorded("message__text")) is None
    assert callback_of({"callback_query": {"id": {"a": 1}}}) is None
    assert callback_of([]) is None


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": "", "location": {"latitude": "north"}}, "text"),
        ({"text": "", "photo": [None, 3, {"file_id": 5}]}, "text"),
        ({"text": "", "voice": {}}, "text"),
    ],
)
def test_content_of_the_wrong_type_is_unsupported(changes, kind):
    assert heard(text_update(**changes)).parts == (Unsupported(platform_kind=kind),)


def test_optional_things_of_the_wrong_type_are_left_out():
    sender = {"id": 42, "first_name": [], "last_name": 5, "language_code": {}, "is_bot": "?"}
    message = heard(text_update(**{"from": sender, "reply_to_message": "x", "reply_markup": 7}))
    assert message.contact_name is None
    assert message.language is None
    assert message.reply_to is None


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "5"},
        {"message_id": 10**400},
        {"message_id": True},
        {"date": -1},
        {"date": 10**15},
        {"chat": None},
        {"chat": {"id": 4.5, "type": "private"}},
    ],
)
def test_what_cannot_be_placed_is_quarantined_under_its_number(changes):
    (kept,) = read(text_update(**changes), OWN, NOW).quarantined
    assert kept.dedupe_key == "update:1"
    assert kept.raw
    assert "退款" not in kept.reason


@pytest.mark.parametrize(
    "update",
    [None, [], "x", 5, {}, {"update_id": "1"}, {"update_id": -1}, {"update_id": 10**30}],
)
def test_what_is_no_update_is_quarantined_by_its_content(update):
    (kept,) = read(update, OWN, NOW).quarantined
    assert kept.dedupe_key.startswith("body:")
    assert kept == read(update, OWN, NOW).quarantined[0]


def test_an_update_without_content_is_quarantined():
    assert read({"update_id": 1}, OWN, NOW).quarantined[0].dedupe_key == "update:1"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 20_000, b"1" * 5000, b"\xff", b""])
def test_what_is_no_json_is_a_value_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - each way of being no JSON has its words
        decode(body)


def test_not_a_number_and_infinity_are_nothing():
    assert decode(b'{"a":NaN,"b":-Infinity}') == {"a": None, "b": None}
    wild = {"latitude": float("inf"), "longitude": 1.0}
    message = heard(text_update(text="", location=wild))
    assert message.parts == (Unsupported(platform_kind="text"),)


def test_lone_surrogates_and_nul_become_storable():
    message = heard(decode(json.dumps(text_update(text="a\ud800b\0c"))))
    message.text.encode("utf-8")
    assert message.text.startswith("a")
    assert "\0" not in message.text
    unreadable("a\0b", "no reason").quarantined[0].raw.encode("utf-8")
    assert "\0" not in unreadable("a\0b", "no reason").quarantined[0].raw


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
KEYS = ["message_id", "date", "chat", "from", "text", "photo", "location", "contact", "venue"]


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_nothing_a_message_may_hold_raises(changes):
    reception = read(text_update(**changes), OWN, NOW)
    assert len(reception.messages) + len(reception.quarantined) <= 1


@settings(max_examples=60)
@given(st.sampled_from(["callback_query", "my_chat_member", "message_reaction", "new"]), JSON)
def test_nothing_an_update_may_hold_raises(kind, body):
    read({"update_id": 1, kind: body}, OWN, NOW)
