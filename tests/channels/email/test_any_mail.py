"""Mail that was taken apart and put together wrongly: nothing in it surprises the parser."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import parse, render, threads
from channels.message import text_of

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.eml"))
OWN = parse.Own("main", "help@shop.example")
TOO_LONG = 5.0
"""Seconds of the processor's time for one mail."""
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
HEADERS = (
    b"Content-Type: multipart/mixed; boundary=x",
    b"Content-Type: multipart/report; report-type=delivery-status",
    b"Content-Type: message/rfc822",
    b"Content-Type: text/html; charset=utf-7",
    b"Content-Type: text/plain; charset*=utf-16'%ff'%00",
    b"Content-Type: ;;;=",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable",
    b"Content-Transfer-Encoding: x-uuencode",
    b"Content-Transfer-Encoding: zip",
    b"Content-Disposition: attachment; filename*0*=utf-8''%ff; filename*1=\"\\\"",
    b"From: =?unicode_escape?q?=5Cud800?= <a@b.example>",
    b"From: \xed\xa0\x80 <a@b.example>",
    b"Date: Fri, 99 Foo 99999 99:99:99 +9999",
    b"Subject: \0\x01=?gb18030?B?" + b"/" * 200 + b"?=",
    b"References: " + b"<x@y>" * 200,
    b"Reply-To: a@b.example\r\n\tBcc: x@y.example",
    b"Message-ID: <>",
    b"List-Id: <",
    b": nameless",
    b"no colon at all",
)
JUNK = (
    b"--x\r\n",
    b"--x--\r\n",
    b"\0",
    b"\r\n\r\n",
    b"\r",
    b"\xff\xfe",
    b"=\r\n",
    b"begin 644 a\r\n",
)


def broken(raw: bytes, rng: random.Random) -> bytes:
    """Change a real mail as only a programmer with a bad day, or a bad programmer, would."""
    lines = raw.split(b"\r\n")
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(lines) + 1)
        match rng.randrange(7):
            case 0:
                lines.insert(place, rng.choice(HEADERS))
            case 1:
                lines.insert(min(place, 5), rng.choice(HEADERS))
            case 2:
                lines.insert(place, rng.choice(JUNK))
            case 3:
                del lines[place : place + rng.randint(1, 5)]
            case 4:
                lines[place:place] = lines[: rng.randint(1, 30)]
            case 5:
                lines = [line.replace(b"=", rng.choice((b"", b"==", b";"))) for line in lines]
            case _:
                lines = [*lines[:place], b"".join(lines[place:])[: rng.randint(0, 2000)]]
    return b"\r\n".join(lines)


def check(raw: bytes) -> None:
    """Whatever it is: it is kept, it can be stored, and it can be answered."""
    begun = process_time()
    letter = parse.read(parse.Mail(raw, "1:1", len(raw)), OWN, NOW)
    assert process_time() - begun < TOO_LONG
    kept = [*letter.reception.messages, *letter.reception.quarantined]
    assert len(kept) <= 1
    for message in letter.reception.messages:
        message.model_dump_json().encode()
        assert "\0" not in text_of(message.parts)
        assert threads.belongs(message.address.thread, message.address.contact)
        envelope = render.Envelope(
            message.address.thread, message.address.contact, letter.subject, letter.ids
        )
        sender = render.Sender("help@shop.example", letter.subject[:20], plus_address=True)
        name = threads.message_id(message.address.thread, "d", 0, "shop.example")
        mail = render.mail("hi", name, envelope, sender, NOW, automatic=True)
        top = mail.content.partition(b"\r\n\r\n")[0]
        heads = {line.partition(b":")[0] for line in top.split(b"\r\n") if line[:1] not in b" \t"}
        assert heads <= ALLOWED
    for odd in letter.reception.quarantined:
        (odd.reason + odd.raw).encode()


ALLOWED = {
    each.encode()
    for each in (
        *("From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References"),
        *("Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version", "Content-Type"),
    )
}


@settings(max_examples=120)
@given(st.randoms(use_true_random=False), st.sampled_from(FIXTURES))
def test_no_change_of_a_real_mail_surprises_the_parser(rng, path):
    check(broken(path.read_bytes(), rng))


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_no_bytes_surprise_the_parser(raw):
    check(raw)
    check(b"From: a@b.example\r\n" + raw)


@pytest.mark.long
@pytest.mark.parametrize("thousand", range(10))
def test_ten_thousand_broken_mails_surprise_nobody(thousand):
    for seed in range(thousand * 1000, thousand * 1000 + 1000):
        rng = random.Random(seed)
        check(broken(rng.choice(FIXTURES).read_bytes(), rng))
