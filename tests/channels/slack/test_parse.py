"""Every kind of call that was recorded, and what a customer did by it."""

from datetime import UTC, datetime

import pytest

from channels.message import ContactEvent, Media, Selection, Text, Unsupported, Visibility
from channels.slack.deeds import wrong_with
from channels.slack.modals import wish_of
from channels.slack.parse import read
from channels.slack.place import Account
from channels.slack.shape import Unreadable
from tests.channels.slack.calls import FIXTURES, SHEETS, recorded

NOW = datetime(2026, 11, 22, tzinfo=UTC)
US = Account("main", own=frozenset({"UBOT0001", "BBOT0001"}), sheets=SHEETS)
DIRECT, IN_CHANNEL = "T0000001:D0000001", "T0000001:C0000001:1700000040.000500"
CLIP = "https://files.slack.com/files-tmb/T0000001-F0000003-0a/download/audio_message_audio.mp4"
IMAGE = "https://files.slack.com/files-pri/T0000001-F0000001/download/broken.png"

PEOPLE = (
    *("T0000001:U0000001", "T0000001:U0000002"),
    *("T0000009:U0000009", "E0000001:W0000001"),
)
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
    "message__voice_clip": (
        DIRECT,
        "msg:T0000001:D0000001:1700000021.000300",
        (Media(kind="voice", ref=CLIP, name="audio_message.m4a", size=70412),),
    ),
    "message__external_file": (
        DIRECT,
        "msg:T0000001:D0000001:1700000022.000300",
        (Text(text="合同在这里"), Text(text="Contract https://docs.google.com/document/d/1x")),
    ),
    "app_mention__from_another_workspace": (
        IN_CHANNEL,
        "msg:T0000001:C0000001:1700000052.000600",
        (Text(text="我们的订单"), Media(kind="file", ref="F0000005")),
    ),
    "message__enterprise": (
        "E0000001:D0000001",
        "msg:E0000001:D0000001:1700000001.000100",
        (Text(text="你好"),),
    ),
    "block_actions__enterprise": (
        "E0000001:D0000001",
        "action:1700000145.001500:E0000001:W0000001:choice:0",
        (Selection(value="csat:17:5", label="有帮助"),),
    ),
    "block_actions__only_they_see_it": (
        "T0000001:U0000001",
        "action:1700000146.001500:T0000001:U0000001:choice:0",
        (Selection(value="csat:17:5", label="有帮助"),),
    ),
    "command__ask": ("T0000001:U0000001", "command:10.20.32", (Text(text="怎么退货？"),)),
    "view_submission__complaint": (
        DIRECT,
        "view:V0000001",
        (
            Selection(value="form:complaint.1", label="投诉登记"),
            Text(text="包裹两周没有到"),
            Selection(value="form:order:skip", label="没有订单号"),
            Selection(value="form:wish:refund", label="退款"),
        ),
    ),
    "command__direct": (DIRECT, "command:10.20.30", (Text(text="退款 & 换货"),)),
}
FORMS = {
    "block_actions__opens_the_form": ("zh", "D0000001", ""),
    "command__complaint": ("en", "", "my parcel is late"),
    "shortcut__complaint": ("zh", "", ""),
}
"""What asks for a form: in which language, from where, and with what written already."""
NOTHING = {
    "command__in_channel",
    "message__channel_without_mention",
    "message__joined",
    "message__other_bot",
    "message__own",
    "message__preview_added",
    "reaction_added__unknown_event",
    "shortcut__global",
}
WRONG = {"view_submission__incomplete"}


def test_every_recorded_call_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*SAID, *FORMS, *NOTHING, *WRONG}


@pytest.mark.parametrize("name", SAID)
def test_what_a_customer_did(name):
    thread, dedupe_key, parts = SAID[name]
    (message,) = read(recorded(name), US, NOW)
    assert message.address.thread == thread
    assert message.address.contact in PEOPLE
    assert message.dedupe_key == dedupe_key
    assert message.parts == parts
    is_private = thread.startswith((DIRECT, "T0000001:U", "E0000001:D"))
    assert message.address.visibility is (Visibility.PRIVATE if is_private else Visibility.PUBLIC)
    if not name.startswith(("command", "view")):
        assert message.sent_at.timestamp() // 1000 == 1700000


def test_people_are_told_apart_by_where_they_come_from():
    def contact(name):
        return read(recorded(name), US, NOW)[0].address.contact

    assert contact("app_mention__from_another_workspace") == "T0000009:U0000009"
    everywhere = {"message__enterprise", "block_actions__enterprise"}
    assert {contact(name) for name in everywhere} == {"E0000001:W0000001"}


@pytest.mark.parametrize("flag", [True, False])
def test_only_in_a_shared_channel_a_strangers_workspace_counts(flag):
    told = recorded("app_mention__from_another_workspace")
    told["is_ext_shared_channel"] = flag
    (message,) = read(told, US, NOW)
    assert message.address.contact == f"{'T0000009' if flag else 'T0000001'}:U0000009"


@pytest.mark.parametrize("name", FORMS)
def test_what_asks_for_a_form(name):
    language, back, begun = FORMS[name]
    wish = wish_of(recorded(name), SHEETS)
    assert (wish.sheet.language, wish.back, wish.begun) == (language, back, begun)
    assert wish.trigger_id
    assert wish_of(recorded(name), ()) is None


@pytest.mark.parametrize("name", [*SAID, *sorted(NOTHING), *WRONG])
def test_what_asks_for_none(name):
    assert wish_of(recorded(name), SHEETS) is None


def test_a_form_that_is_not_filled_in_says_where():
    wrong = wrong_with(recorded("view_submission__incomplete"), SHEETS)
    assert wrong == {"facts": "再具体一些", "wish": "请选择"}
    assert wrong_with(recorded("view_submission__complaint"), SHEETS) == {}


def test_a_form_that_nobody_knows_is_unreadable():
    with pytest.raises(Unreadable):
        read(recorded("view_submission__complaint"), Account("main"), NOW)


def test_a_form_is_the_same_however_often_it_is_handed_in():
    first = read(recorded("view_submission__complaint"), US, NOW)
    again = recorded("view_submission__complaint")
    again["view"]["hash"], again["trigger_id"] = "other", "9.9.9"
    assert read(again, US, NOW) == first


def test_a_form_that_came_from_a_channel_is_answered_in_private():
    elsewhere = recorded("view_submission__complaint")
    elsewhere["view"]["private_metadata"] = "C0000001:1.2"
    assert read(elsewhere, US, NOW)[0].address.thread == "T0000001:U0000001"


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


@pytest.mark.parametrize("name", sorted([*SAID, *FORMS, *NOTHING, *WRONG]))
def test_a_wrong_type_anywhere_is_read_or_unreadable(name):
    for odd in _with_odd_values(recorded(name)):
        try:
            messages = read(odd, US, NOW)
        except Unreadable:
            continue
        assert all(message.address.thread and message.dedupe_key for message in messages)
