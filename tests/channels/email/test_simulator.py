"""The provider tells how much of its mail nobody has read, and one customer has one thread."""

import asyncio
from email import message_from_bytes
from email.message import Message

import pytest

from channels.email.simulator import Simulator


@pytest.fixture
def provider(clock):
    return Simulator("main", clock)


def read(push) -> Message:
    return message_from_bytes(push.body)


async def test_what_was_given_out_is_asked_for_no_more_unless_the_reader_was_killed(provider):
    for number in range(3):
        await provider.offer(provider.say("han", f"{number}"))
    assert provider.unasked() == 3
    provider.folder.given, provider.folder.asked = 2, 1
    assert provider.unasked() == 1
    provider.dropped()
    assert provider.unasked() == 2


async def test_no_mail_comes_before_somebody_follows_the_mailbox(provider):
    provider.patience = 0.01
    assert await provider.deliver(None, "", provider.say("han", "hi")) == 503
    assert not provider.folder.mails
    provider.folder.said.append("UID SEARCH")
    assert await provider.deliver(None, "", provider.say("han", "hi")) == 200
    assert len(provider.folder.mails) == 1


def test_a_customer_answers_our_last_mail_or_goes_on_from_the_first(provider):
    first, second = read(provider.letter("han", "hi", "订单")), read(provider.say("han", "还在吗"))
    assert first["subject"]
    assert first["references"] is None
    assert second["in-reply-to"] == first["message-id"]
    provider.show("han", "您好", platform_id="<ours@shop.example>")
    third = read(provider.say("han", "谢谢"))
    assert third["references"].split() == [first["message-id"], "<ours@shop.example>"]
    assert read(provider.say("li", "hi"))["references"] is None


def test_an_answer_finds_its_customer_however_the_address_is_written(provider):
    provider.say("GuestA1", "hi")
    provider.take("guesta1@mail.example", b"Subject: Re: hi\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n")
    (seen,) = provider.seen_by("GuestA1")
    assert (seen.text, seen.subject) == ("hello", "Re: hi")


def test_chosen_ports_are_the_ones_in_its_settings(provider):
    provider.reserve()
    ports = {provider.settings["imap_port"], provider.settings["smtp_port"]}
    assert len(ports) == 2
    assert not ports & {993, 465}


async def test_who_begins_to_wait_is_told_of_mail_that_came_since_the_last_look(provider):
    async with provider.serving(), asyncio.timeout(60):
        port = provider.settings["imap_port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for command in (
            f'Y1 LOGIN "{provider.address}" "{provider.password}"',
            'Y2 EXAMINE "INBOX"',
            "Y3 UID SEARCH UID 1:*",
        ):
            writer.write(f"{command}\r\n".encode())
            await reader.readuntil(f"{command[:2]} OK".encode())
        await provider.offer(provider.say("han", "hi"))
        writer.write(b"Y4 IDLE\r\n")
        await reader.readuntil(b"* 1 EXISTS\r\n")
        writer.close()
