"""Every kind of call that was recorded, and what a customer did by it."""

from datetime import UTC, datetime

import pytest

from channels.message import ContactEvent, Media, Selection, Text, Unsupported, Visibility
from channels.slack.parse import read
from channels.slack.place import Account
from channels.slack.shape import Unreadable
from tests.channels.slack.calls import FIXTURES, recorded

NOW = datetime(2026, 11, 22, tzinfo=UTC)
US = Account("main", own=frozenset({"UBOT0001", "BBOT0001"}))
DIRECT, IN_CHANNEL = "T0000001:D0000001", "T0000001:C0000001:1700000040.000500"
IMAGE = "https://files.slack.com/files-pri/T0000001-F0000001/download/broken.png"

SAID = {
    "message__direct": (
        DIRECT,
        "msg:T0000001:D0000001:1700000000.000100",
        (Text(text="退款 <A> &amp; shop.example/x a@b.example"),),
    ),
    "message__direct_thread": (
        f"{DIRECT}:1700000000.000100",
        "msg:T0000001:D0000001:1700000010.000200",
        (Text(text="还有一个问题"),),
    ),
    "message__image": (
        DIRECT,
        "msg:T0000001:D0000001:1700000020.000300",
        (
            Text(text="看图"),
            Media(kind="image", ref=IMAGE, name="broken.png", size=4217),
            Media(kind="file", ref="F0000002"),
        ),
    ),
    "message__channel_with_mention": (
        IN_CHANNEL,
        "msg:T0000001:C0000001:1700000040.000500",
        (Text(text="怎么退货？"),),
    ),
    "app_mention__same_post": (
        IN_CHANNEL,
        "msg:T0000001:C0000001:1700000040.000500",
        (Text(text="怎么退货？"),),
    ),
    "app_mention__in_thread": (
        IN_CHANNEL,
        "msg:T0000001:C0000001:1700000050.000600",
        (Text(text="我也想问 ，@U0000001 说的那个"),),
    ),
    "app_mention__nothing_said": (
        "T0000001:C0000001:1700000051.000600",
        "msg:T0000001:C0000001:1700000051.000600",
        (ContactEvent(event="opened", context="mention"),),
    ),
    "message__edited": (DIRECT, "event:Ev0000000009", (Text(text="退货，不是退款"),)),
    "message__deleted": (
        DIRECT,
        "event:Ev0000000011",
        (ContactEvent(event="recalled", context="1700000000.000100"),),
    ),
    "message__deleted_with_replies": (
        f"{DIRECT}:1700000000.000100",
        "event:Ev0000000012",
        (ContactEvent(event="recalled", context="1700000000.000100"),),
    ),
    "message__unknown_subtype": (
        DIRECT,
        "msg:T0000001:D0000001:1700000110.001200",
        (Unsupported(platform_kind="hologram"),),
    ),
    "app_home_opened__messages": (
        DIRECT,
        "event:Ev0000000017",
        (ContactEvent(event="opened", context="messages"),),
    ),
    "block_actions__button": (
        DIRECT,
        "action:1700000140.001500:T0000001:U0000001:choice:0",
        (Selection(value="csat:17:5", label="有帮助"),),
    ),
    "block_actions__in_channel_thread": (
        IN_CHANNEL,
        "action:1700000142.001500:T0000001:U0000001:choice:0",
        (Selection(value="v:2", label="选二"),),
    ),
    "block_actions__date": (
        DIRECT,
        "action:1700000144.001500:T0000001:U0000001:when",
        (Unsupported(platform_kind="datepicker"),),
    ),
    "command__direct": (DIRECT, "command:10.20.30", (Text(text="退款 & 换货"),)),
    "command__in_channel": ("T0000001:U0000001", "command:10.20.31", (Text(text="/help"),)),
}
NOTHING = {
    "message__channel_without_mention",
    "message__joined",
    "message__other_bot",
    "message__own",
    "message__preview_added",
    "reaction_added__unknown_event",
    "shortcut__global",
    "view_submission__modal",
}


def test_every_recorded_call_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*SAID, *NOTHING}


@pytest.mark.parametrize("name", SAID)
def test_what_a_customer_did(name):
    thread, dedupe_key, parts = SAID[name]
    (message,) = read(recorded(name), US, NOW)
    assert message.address.thread == thread
    assert message.address.contact in ("T0000001:U0000001", "T0000001:U0000002")
    assert message.dedupe_key == dedupe_key
    assert message.parts == parts
    is_private = thread.startswith((DIRECT, "T0000001:U"))
    assert message.address.visibility is (Visibility.PRIVATE if is_private else Visibility.PUBLIC)
    if not name.startswith("command"):
        assert message.sent_at.timestamp() // 1000 == 1700000


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_what_is_nothing_to_us(name):
    assert read(recorded(name), US, NOW) == ()


def test_an_edit_and_a_recall_name_the_message_they_are_about():
    first = read(recorded("message__direct"), US, NOW)[0]
    for name in ("message__edited", "message__deleted", "message__deleted_with_replies"):
        assert read(recorded(name), US, NOW)[0].replaces == first.platform_id


def test_a_tap_names_the_message_and_the_person():
    tap = read(recorded("block_actions__button"), US, NOW)[0]
    assert tap.reply_to == "1700000139.000100"
    assert tap.contact_name == "li.lei"


def test_our_own_ids_are_known_from_the_event_before_slack_told_us():
    stranger = Account("main")
    assert read(recorded("message__own"), stranger, NOW) == ()
    (message,) = read(recorded("message__channel_with_mention"), stranger, NOW)
    assert message.text == "怎么退货？"


def test_an_allowed_bot_speaks_as_a_customer():
    ours = Account("main", allowed_bots=frozenset({"B0000009"}))
    (message,) = read(recorded("message__other_bot"), ours, NOW)
    assert message.address.contact == "T0000001:B0000009"
    assert message.text == "build passed"


def test_an_edit_by_a_bot_or_outside_our_threads_is_nothing_to_us():
    edited = recorded("message__edited")
    edited["event"]["message"]["bot_id"] = "B0000009"
    assert read(edited, US, NOW) == ()
    for name in ("message__edited", "message__deleted"):
        elsewhere = recorded(name)
        elsewhere["event"].update(channel="C0000001", channel_type="channel")
        assert read(elsewhere, US, NOW) == ()


def test_a_tap_on_the_apps_own_page_is_answered_in_private():
    tap = recorded("block_actions__button")
    tap["container"] = {"type": "view", "view_id": "V1"}
    del tap["channel"], tap["message"]
    assert read(tap, US, NOW)[0].address.thread == "T0000001:U0000001"


@pytest.mark.parametrize("kind", ["audio/mp4", "video/mp4", "application/pdf", "", 7])
def test_the_kind_of_a_file(kind):
    sent = recorded("message__image")
    sent["event"]["files"] = [{"id": "F1", "mimetype": kind, "size": "big", "name": 5}]
    expected = {"audio/mp4": "voice", "video/mp4": "video"}.get(kind, "file")
    parts = read(sent, US, NOW)[0].parts
    assert parts == (Text(text="看图"), Media(kind=expected, ref="F1"))


def test_a_file_without_any_name_is_unsupported():
    sent = recorded("message__image")
    sent["event"]["files"] = [{"mimetype": "image/png"}, "x", None]
    assert read(sent, US, NOW)[0].parts == (Text(text="看图"), Unsupported(platform_kind="file"))


ODD = [None, True, 7, 1.5, "", "x", [], [None], ["x"], {}, {"x": 1}]


def _with_odd_values(tree):
    """Yield a copy of `tree` for each of its values, wrong in each way."""
    steps = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for step, value in steps:
        for odd in ODD:
            changed = tree.copy()
            changed[step] = odd
            yield changed
        if isinstance(value, dict | list):
            for inner in _with_odd_values(value):
                changed = tree.copy()
                changed[step] = inner
                yield changed


@pytest.mark.parametrize("name", sorted([*SAID, *NOTHING]))
def test_a_wrong_type_anywhere_is_read_or_unreadable(name):
    for odd in _with_odd_values(recorded(name)):
        try:
            messages = read(odd, US, NOW)
        except Unreadable:
            continue
        assert all(message.address.thread and message.dedupe_key for message in messages)
