from __future__ import annotations

import ssl
from contextlib import aclosing
from datetime import timedelta

import pytest

from channels.email.adapter import Adapter
from channels.email.config import Config
from channels.email.simulator import Simulator
from channels.errors import Gone, Refused, TooLong, Unauthorized, Unavailable, Uncertain
from channels.message import Choice, Choices, Media, Text
from channels.simulation import Fault
from channels.testing import HANG_UP, HeldFiles, RememberedMemory
from tests.channels.email.certificate import make_certificate
from tests.channels.email.conftest import THREAD


async def read(adapter, ref):
    async with adapter.fetch(ref) as download:
        return b"".join([chunk async for chunk in download.chunks])


async def bring(adapter, provider, push):
    uid = await provider.offer(push)
    async with aclosing(adapter.poll(f"{provider.folder.validity}:{uid - 1}:0")) as mails:
        _, reception = await anext(mails)
    return reception.messages[0]


def answering(message, *parts, **more):
    return {"thread": message.address.thread, "contact": message.address.contact, **more}


async def test_a_reply_stands_in_the_customers_own_thread(adapter, provider, outgoing):
    asked = provider.write("han", "hello", subject="退货 怎么办", message_id="<a1@mail.example>")
    message = await bring(adapter, provider, asked)
    sent = await adapter.send(outgoing(Text(text="您好"), **answering(message)))
    (mail,) = provider.sent
    assert mail["Subject"] == "Re: 退货 怎么办"
    assert (mail["In-Reply-To"], mail["References"]) == ("<a1@mail.example>", "<a1@mail.example>")
    assert (mail["To"], mail["From"]) == ("han@mail.example", "help@shop.example")
    assert mail["Message-ID"] == sent.platform_id
    answer = await bring(adapter, provider, provider.say("han", "thanks"))
    assert answer.address == message.address
    await adapter.send(outgoing(Text(text="bye"), delivery_id="d-2", **answering(message)))
    assert provider.sent[-1]["References"].split()[0] == sent.platform_id


async def test_only_what_no_person_wrote_says_so(adapter, provider, outgoing):
    await adapter.send(outgoing(Text(text="from the bot"), automatic=True))
    await adapter.send(outgoing(Text(text="from Lily"), delivery_id="d-2"))
    bot, person = provider.sent
    assert (bot["Auto-Submitted"], bot["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert (person["Auto-Submitted"], person["X-Auto-Response-Suppress"]) == (None, None)


async def test_a_second_attempt_bears_the_same_id(adapter, provider, outgoing):
    for _ in range(2):
        await adapter.send(outgoing(Text(text="once")))
    assert len({mail["Message-ID"] for mail in provider.sent}) == 1


async def test_a_machine_that_answers_is_not_answered_for_ever(clock, provider, memory, outgoing):
    moment = [clock()]
    settings = {**provider.settings, "automatic_per_hour": 2}
    config = Config(channel="email", **settings)
    async with Adapter("main", config, memory, lambda: moment[0]) as adapter:
        for _ in range(2):
            await adapter.send(outgoing(Text(text="hi"), automatic=True))
        with pytest.raises(Refused, match="2 automatic replies"):
            await adapter.send(outgoing(Text(text="hi"), automatic=True))
        await adapter.send(outgoing(Text(text="a person may")))
        await adapter.send(outgoing(Text(text="hi"), automatic=True, contact="li@other.example"))
        moment[0] += timedelta(hours=1, seconds=1)
        await adapter.send(outgoing(Text(text="hi"), automatic=True))


async def test_a_mail_that_is_sent_is_not_sent_again_because_it_cannot_be_counted(
    adapter, provider, memory, outgoing
):
    memory.full = True
    sent = await adapter.send(outgoing(Text(text="once"), automatic=True))
    assert [mail["Message-ID"] for mail in provider.sent] == [sent.platform_id]


@pytest.mark.parametrize("address", ["no-reply@x.example", "mailer-daemon@x.example"])
async def test_where_nobody_reads_no_machine_writes(adapter, outgoing, address):
    with pytest.raises(Refused, match="nobody reads"):
        await adapter.send(outgoing(Text(text="hi"), automatic=True, contact=address))


async def test_what_a_header_could_be_made_of_stays_in_its_line(adapter, provider, outgoing):
    asked = provider.write("han", "hello")
    evil = b"Subject: =?utf-8?Q?Hi=0D=0ABcc:_victim@x.example?=\r\nFrom"
    message = await bring(adapter, provider, asked.changed(body=asked.body.replace(b"From", evil)))
    await adapter.send(outgoing(Text(text="a\r\n.\r\nRCPT TO:<x@y>"), **answering(message)))
    (mail,) = provider.sent
    assert (mail["Subject"], mail["Bcc"]) == ("Re: Hi Bcc: victim@x.example", None)
    assert provider.screen[0].text == "a\n.\nRCPT TO:<x@y>"


async def test_html_shows_the_same_and_nothing_in_it_runs(adapter, provider, outgoing):
    text = "<script>alert(1)</script> see https://x.example/a?b=1&c=2。"
    await adapter.send(outgoing(Text(text=text)))
    html = provider.sent[0].get_body(("html",)).get_content()
    assert "<script>" not in html
    assert '<a href="https://x.example/a?b=1&amp;c=2">' in html


async def test_choices_are_numbered_and_a_picture_is_named(adapter, provider, outgoing):
    options = (Choice(value="a", label="退款"), Choice(value="b", label="换货"))
    await adapter.send(
        outgoing(Choices(prompt="哪一个？", options=options), Media(kind="image", ref="r"))
    )
    (seen,) = provider.screen
    assert seen.text.startswith("哪一个？\n1. 退款\n2. 换货\n")
    assert "image" in seen.text


async def test_a_book_that_is_cut_off_is_in_doubt(adapter, provider, outgoing):
    provider.faults += [Fault(250, times=1, after_work=True), Fault(HANG_UP)]
    with pytest.raises(Uncertain, match="1 of 2"):
        await adapter.send(outgoing(Text(text="x" * 30_000)))


async def test_a_message_without_words_is_refused(adapter, outgoing):
    with pytest.raises(Refused):
        await adapter.send(outgoing(Text(text="")))


async def test_the_plus_address_and_the_tag_are_there_if_asked_for(build, provider, outgoing):
    async with build(plus_address=True, subject_tag=True, name="云杉生活") as adapter:
        await adapter.send(outgoing(Text(text="hi")))
    (mail,) = provider.sent
    assert mail["Reply-To"] == f"help+{THREAD}@shop.example"
    assert mail["Subject"] == f"Re: 云杉生活 [#{THREAD}]"
    assert mail["From"] == "云杉生活 <help@shop.example>"


async def test_a_wrong_password_is_found_before_the_inbox_is_ready(build):
    with pytest.raises(Unauthorized, match="app password"):
        async with build(password="another"):
            raise AssertionError("it opened")


async def test_a_relay_without_a_login_is_not_told_the_password(build, provider, outgoing):
    provider.ways = ""
    async with build(smtp_login=False) as adapter:
        await adapter.send(outgoing(Text(text="hi")))
    assert provider.screen


async def test_a_server_that_only_knows_login_is_told_it_so(build, provider, outgoing):
    provider.ways = "LOGIN"
    async with build() as adapter:
        await adapter.send(outgoing(Text(text="hi")))
    assert provider.screen


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_over_an_encrypted_wire_mail_comes_and_goes(clock, tmp_path, security, outgoing):
    provider = Simulator("main", clock, security)
    certificate = make_certificate(tmp_path, clock())
    provider.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    provider.tls.load_cert_chain(certificate)
    async with provider.serving():
        settings = {**provider.settings, "ca_file": certificate, "timeout": 10}
        config = Config(channel="email", **settings)
        async with Adapter("main", config, RememberedMemory(clock), clock) as adapter:
            message = await bring(adapter, provider, provider.say("han", "secret"))
            assert message.text == "secret"
            await adapter.send(outgoing(Text(text="answer"), **answering(message)))
        assert provider.screen[0].text == "answer"
        stranger = Config(channel="email", **{**settings, "ca_file": None})
        with pytest.raises(Unavailable, match="certificate"):
            async with Adapter("main", stranger, RememberedMemory(clock), clock):
                raise AssertionError("it trusted a stranger")


async def test_a_server_without_encryption_is_not_told_the_password(clock, provider):
    settings = {**provider.settings, "imap_security": "starttls", "smtp_security": "starttls"}
    config = Config(channel="email", **settings)
    with pytest.raises(Unavailable, match="STARTTLS"):
        async with Adapter("main", config, RememberedMemory(clock), clock):
            raise AssertionError("it opened")


async def test_a_file_goes_along_and_keeps_its_name_and_bytes(build, provider, outgoing):
    files, adapter = HeldFiles(), build()
    adapter.lend(files)
    parts = [
        Media(
            kind="image", ref=files.keep("a.png", "image/png", b"\x89PNG\r\n.\r\n"), name="图 1.png"
        ),
        Media(
            kind="file", ref=files.keep("b.pdf", "application/pdf", b"%PDF"), name="b\r\nX-Evil: 1"
        ),
    ]
    async with adapter:
        await adapter.send(outgoing(Text(text="请看"), *parts))
        await adapter.send(outgoing(parts[0], delivery_id="d-2"))
    first, second = [seen.file for seen in provider.screen if seen.text != "图 1.png"]
    assert (first.content, first.name) == (b"\x89PNG\r\n.\r\n", "图 1.png")
    assert (second.content, second.name) == (b"%PDF", "b X-Evil: 1")
    assert provider.screen[-1].text == "图 1.png"
    assert "X-Evil" not in str(provider.sent[0].keys())


async def test_files_that_are_too_large_together_are_refused(build, provider, outgoing):
    files, adapter = HeldFiles(), build()
    adapter.lend(files)
    part = Media(kind="file", ref=files.keep("b.pdf", "application/pdf", bytes(6 * 2**20)))
    async with adapter:
        with pytest.raises(TooLong, match="10 MiB"):
            await adapter.send(outgoing(part, part))
    assert not provider.sent


@pytest.mark.parametrize("ref", ["", "media:1", "5:1", "5:1:9", "6:1:2", "5:2:2", "5:1:x"])
async def test_a_file_that_is_not_there_is_gone(adapter, provider, ref):
    provider.folder.validity = 5
    await provider.offer(provider.attach("han", "file", b"%PDF", "a.pdf"))
    with pytest.raises(Gone):
        await read(adapter, ref)
    assert await read(adapter, "5:1:2") == b"%PDF"


async def test_a_file_of_a_mail_that_is_too_large_is_never_had(build, provider):
    provider.folder.validity = 5
    await provider.offer(provider.attach("han", "file", bytes(2**20), "a.pdf"))
    async with build(largest_mail=1) as adapter:
        with pytest.raises(Refused, match="largest_mail"):
            await read(adapter, "5:1:2")
