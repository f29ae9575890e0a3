"""Every mail that was ever a trouble, as it came over the wire, and what we make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.email import parse, threads
from channels.message import ContactEvent, Media, Text, Unsupported
from tests.channels.email.conftest import HAN, OURS, THREAD

FIXTURES = Path(__file__).parent / "fixtures"
OWN = parse.Own("main", "help@shop.example", ("support.shop.example",))
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

SAID = {
    "file__forwarded_mail": ["see", "Please look at the mail I attach.", "file old.eml"],
    "files__picture_and_pdf": [
        "坏了",
        "包装坏了，见图",
        "image 截图.png",
        "file invoice.pdf",
        "file notes.txt",
    ],
    "forward__kept_whole": [
        "Fwd: Your invoice",
        (
            "Is this from you?\n\n---------- Forwarded message ---------\n"
            "From: Billing <billing@elsewhere.example>\nDate: Thu, 19 Nov 2026\n"
            "Subject: Your invoice\nTo: Han <han@customer.example>\n\nPlease pay 100."
        ),
    ],
    "html__hidden_and_scripts": [
        "html",
        "Visible words <b>not bold</b>\n\n- one\n- two\n\nclick https://x.example/y",
    ],
    "machine__empty_return_path": ["hm"],
    "machine__newsletter": ["Big sale", "Buy!"],
    "machine__no_reply": ["Your parcel", "It was handed over."],
    "machine__ourselves": ["note", "a note to ourselves"],
    "machine__vacation": ["I am away until Monday."],
    "machine__vacation_qq": ["自动回复: Re: 怎么退货", "您好，我正在休假。"],
    "person__through_a_form": ["Contact form", "Do you ship to Norway?"],
    "person__through_own_group": ["Where is my order?", "via the group"],
    "reply__below_quote": ["It is not: the tracking says it was returned."],
    "reply__gmail_html": [
        "It came & works, thank you.\n\nSee the picture (https://customer.example/p?a=1)"
    ],
    "reply__netease_zh": ["收到了，谢谢"],
    "reply__outlook_zh": ["已经寄出了，单号 SF123。"],
    "reply__qq": ["好的，谢谢"],
    "reply__somebody_else": ["I was sent a copy. What is this about?"],
    "returned__later": [
        "Undelivered Mail Returned to Sender",
        "I am sorry to have to inform you that your message could not be delivered.",
        "file mail.eml",
    ],
    "returned__nobody_there": [
        "bounced",
        "550 5.1.1 <han@customer.example>: user unknown in virtual mailbox table",
    ],
    "returned__not_ours": [
        "Undelivered Mail Returned to Sender",
        "I am sorry to have to inform you that your message could not be delivered.",
        "file mail.eml",
    ],
    "signed__smime": ["signed", "Signed words."],
    "text__big5": ["請問運費多少？"],
    "text__eight_bit_undeclared": ["退款", "什么时候退款？"],
    "text__flowed": ["flowed", "This is one long line.\nThis is another."],
    "text__gb18030": ["怎么退货", "你好，怎么退货？订单 8812，颜色不对。\n谢谢"],
    "text__gbk_cut_word": ["发票抬头怎么修改", "抬头写错了，朱镕基路 3 号。"],
    "text__injection": ["Hi Bcc: victim@x.example", "hi"],
    "text__no_message_id": ["hi", "No name on it."],
    "text__plain": ["Where is my order?", "Hello,\n\nwhere is my order 8812?"],
    "text__unknown_charset": ["odd", "能开发票吗？"],
    "text__utf7_refused": ["plain", "+ADw-script+AD4-alert(1)+ADw-/script+AD4- how much?"],
    "unknown__empty": ["? an empty mail"],
    "unknown__encrypted": ["secret", "? encrypted mail"],
}
SET_ASIDE = {"bad__no_sender", "bad__sender_is_no_address"}
PASSED_OVER = {"echo__our_own_mail"}
IN_THE_THREAD = {name for name in SAID if name.startswith("reply__")} - {"reply__somebody_else"} | {
    "machine__vacation",
    "returned__nobody_there",
    "text__plain",
}
"""`text__plain` begins the very thread that the others are answers in."""


def recorded(name: str) -> bytes:
    raw = (FIXTURES / f"{name}.eml").read_bytes()
    return raw.replace(b"{ours}", OURS.strip("<>").encode())


def letter(raw: bytes, now: datetime = NOW) -> parse.Letter:
    return parse.read(parse.Mail(raw, "7:1", len(raw)), OWN, now)


def heard(name: str):
    (message,) = letter(recorded(name)).reception.messages
    return message


def shown(part) -> str:
    match part:
        case Text(text=text):
            return text
        case Media(kind=kind, name=name):
            return f"{kind} {name}"
        case ContactEvent(event=event):
            return event
        case Unsupported(platform_kind=kind):
            return f"? {kind}"
    raise AssertionError(part)


def test_every_recorded_mail_is_used():
    assert {path.stem for path in FIXTURES.iterdir()} == {*SAID, *SET_ASIDE, *PASSED_OVER}


@pytest.mark.parametrize("name", sorted(SAID))
def test_what_was_written_is_what_is_shown(name):
    assert [shown(part) for part in heard(name).parts] == SAID[name]


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_machine_is_told_from_a_person(name):
    assert heard(name).automatic == name.startswith(("machine__", "returned__"))


@pytest.mark.parametrize("name", sorted(SAID))
def test_an_answer_lands_in_the_thread_it_answers(name):
    assert (heard(name).address.thread == THREAD) == (name in IN_THE_THREAD)


@pytest.mark.parametrize("name", sorted(SET_ASIDE))
def test_what_cannot_be_answered_is_set_aside_whole(name):
    (odd,) = letter(recorded(name)).reception.quarantined
    assert "no sender" in odd.reason
    assert odd.raw.startswith(recorded(name).decode()[:20])


@pytest.mark.parametrize("name", sorted(PASSED_OVER))
def test_our_own_mail_is_no_news(name):
    assert letter(recorded(name)) == parse.Letter(parse.Reception())


def test_who_a_form_names_is_answered_and_who_a_customer_is_called_is_kept():
    assert heard("person__through_a_form").address.contact == HAN
    assert heard("text__gb18030").contact_name == "韩梅梅"


def test_mail_that_came_back_is_about_whom_it_went_to():
    assert heard("returned__nobody_there").address.contact == HAN
    elsewhere = recorded("returned__nobody_there").replace(HAN.encode(), b"eve@evil.example")
    (message,) = letter(elsewhere).reception.messages
    assert not any(isinstance(part, ContactEvent) for part in message.parts)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: bulk",
        "Precedence: Junk",
        "List-Id: <x.example>",
        "List-Unsubscribe: <https://x.example>",
        "X-Auto-Response-Suppress: DR, AutoReply",
        "X-Autoreply: yes",
        "Return-Path: < >",
        "Subject: Out of office: Re: hi",
        "Subject: 自动回复：您好",
        "From: MAILER-DAEMON@x.example",
        "Reply-To: do-not-reply@x.example",
        "From: shop-noreply@x.example",
    ],
)
def test_each_sign_of_a_machine_is_enough(header):
    name = header.partition(":")[0]
    rest = [
        line
        for line in recorded("text__plain").split(b"\r\n")
        if not line.startswith(f"{name}:".encode())
    ]
    (message,) = letter(b"\r\n".join([header.encode(), *rest])).reception.messages
    assert message.automatic


@pytest.mark.parametrize("header", ["Auto-Submitted: no", "Precedence: first-class", "X-Loop: a"])
def test_what_is_no_sign_of_a_machine_is_none(header):
    raw = f"{header}\r\n".encode() + recorded("text__plain")
    (message,) = letter(raw).reception.messages
    assert not message.automatic


def test_no_header_can_be_smuggled_into_a_name():
    assert heard("text__injection").contact_name == "Han X-Evil: 1"


def test_who_was_sent_a_copy_gets_a_thread_of_their_own_about_the_same_matter():
    other = heard("reply__somebody_else").address
    assert other.contact == "li@other.example"
    assert other.thread[: threads.MATTER] == THREAD[: threads.MATTER]
    assert other.thread != THREAD


def test_a_subject_alone_leads_nowhere():
    reply = recorded("reply__netease_zh").replace(OURS.encode(), b"<gone@elsewhere.example>")
    (message,) = letter(reply).reception.messages
    assert message.address.thread != THREAD


@pytest.mark.parametrize(
    ("header", "value"),
    [("To", f"Spruce <help+{THREAD}@shop.example>"), ("Subject", f"Re: hi [#{THREAD.upper()}]")],
)
def test_where_the_ids_are_lost_our_address_or_the_tag_leads_home(header, value):
    raw = recorded("text__no_message_id")
    before = b"To: help@shop.example" if header == "To" else b"Subject: hi"
    (message,) = letter(raw.replace(before, f"{header}: {value}".encode())).reception.messages
    assert message.address.thread == THREAD


def test_somebody_elses_tag_does_not_let_anybody_in():
    raw = recorded("text__no_message_id").replace(HAN.encode(), b"eve@evil.example")
    raw = raw.replace(b"Subject: hi", f"Subject: [#{THREAD}]".encode())
    (message,) = letter(raw).reception.messages
    assert message.address.thread != THREAD


def test_copies_of_a_mail_are_one_and_two_mails_with_one_id_are_two():
    raw = recorded("text__plain")
    key = heard("text__plain").dedupe_key
    copied = raw.replace(b"Return-Path", b"Delivered-To: other@shop.example\r\nReturn-Path")
    another = raw.replace(b"10:00:00", b"10:00:01")
    assert letter(copied).reception.messages[0].dedupe_key == key
    assert letter(another).reception.messages[0].dedupe_key != key


def test_without_an_id_the_words_tell_mails_apart():
    raw = recorded("text__no_message_id")
    keys = {letter(each).reception.messages[0].dedupe_key for each in (raw, raw, raw + b"!")}
    assert len(keys) == 2


@pytest.mark.parametrize("date", ["Fri, 20 Nov 2036 10:00:00 +0800", "1 Jan 1970 00:00:00", "soon"])
def test_a_date_that_cannot_be_is_now(date):
    raw = recorded("text__plain").replace(b"Fri, 20 Nov 2026 10:00:00 +0800", date.encode())
    (message,) = letter(raw).reception.messages
    assert message.sent_at == NOW


def test_of_a_mail_that_is_too_large_the_beginning_is_shown():
    raw = recorded("text__plain")
    found = parse.read(parse.Mail(raw, "7:1", 40 * 2**20), OWN, NOW)
    assert shown(found.reception.messages[0].parts[-1]) == "? the rest of a mail of 40 MiB"


def test_a_reply_knows_the_subject_and_the_ids_before_it():
    found = letter(recorded("reply__outlook_zh"))
    assert found.thread == THREAD
    assert found.subject == "回复: Re: 怎么退货"
    assert found.ids == ("<a2@customer.example>", OURS, "<b1@customer.example>")


B = b"From: a@b.example\r\nMessage-ID: <x@y>\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n"
NESTED = B + b"".join(MIXED % (b"b%d" % n, b"b%d" % n) for n in range(290))
MONSTERS = {
    "parts": B + MIXED % (b"b", b"b") + b"hi\r\n--b\r\n\r\n" * 100_000,
    "nested": NESTED + b"x\r\n" * 300_000,
    "recipients": B
    + b"To: "
    + b",".join(b"u%d@x.example" % n for n in range(10_000))
    + b"\r\n\r\n",
    "headers": B + b"X-A: b\r\n" * 50_000 + b"\r\nhi",
    "long header": B + b"Subject: " + b"=?utf-8?b?" * 200_000 + b"\r\n\r\nhi",
    "folded header": B + b"Subject: a\r\n" + b" b\r\n" * 50_000 + b"\r\nhi",
    "lines": B + b"\r\n" + b"\r\n" * 1_000_000,
    "ids": B + b"References: " + b"<a@b>" * 100_000 + b"\r\n\r\nhi",
    "quotes": b'From: "' + b'\\"' * 50_000 + b"\r\n\r\nhi",
    "parameters": B + b"Content-Type: text/plain" + b"; a*1=x" * 5_000 + b"\r\n\r\nhi",
    "tags": B + b"Content-Type: text/html\r\n\r\n" + b"<li>x" * 100_000,
    "open comments": B + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    "open tags": B + b"Content-Type: text/html\r\n\r\n" + b"<a" * 200_000,
    "names": b"From: MAILER-DAEMON@x.example\r\n\r\n" + OURS.encode() + b"a" * 200_000,
    "attributions": B + b"\r\n" + b"1" * 480 + b" wrote x:\r\n" * 5_000,
    "nothing": b"",
    "zeros": bytes(1000),
}


@pytest.mark.parametrize("name", sorted(MONSTERS))
def test_of_a_monster_at_most_so_much_is_kept(name):
    """Each took minutes before it was bounded, or would have."""
    reception = letter(MONSTERS[name]).reception
    assert len(reception.messages) + len(reception.quarantined) == 1
    for message in reception.messages:
        assert len(message.parts) <= 60
        assert len(message.text) <= 100_000
