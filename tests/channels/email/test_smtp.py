from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from channels.email import smtp
from channels.email.wire import Place
from channels.errors import Unavailable
from tests.channels.email.conftest import HAN

ME = "help@shop.example"


@asynccontextmanager
async def speaking(*lines: bytes, patience: float = 60):
    """A server that says these lines, one for each it hears, and then nothing."""

    over = asyncio.Event()

    async def talk(reader, writer):
        with suppress(ConnectionError):
            for line in lines:
                writer.write(line)
                await writer.drain()
                await reader.readline()
        writer.transport.abort()
        over.set()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield Place("127.0.0.1", server.sockets[0].getsockname()[1], "none", patience)
        await over.wait()


async def test_a_line_that_begins_with_a_full_stop_arrives_as_it_is(provider):
    place = Place("127.0.0.1", provider.settings["smtp_port"], "none", 60)
    login = (provider.address, provider.password)
    mail = b"Subject: x\n\n.\n..\n.x\r\nQUIT\rend"
    await smtp.hand_over(place, login, ME, HAN, mail)
    (sent,) = provider.sent
    assert sent.get_payload().split("\r\n") == [".", "..", ".x", "QUIT", "end", ""]


@pytest.mark.parametrize(
    "lines",
    [
        [b"HTTP/1.1 400 Bad Request\r\n"],
        [b"220-" + b"x" * 100 + b"\r\n220-again\r\n" * 200],
        [b"220 " + b"x" * 5_000_000],
        [b"\xff\xfe\r\n"],
        [b"22\r\n"],
        [b"999 what\r\n"],
    ],
)
async def test_a_server_that_makes_no_sense_took_nothing(lines):
    async with speaking(*lines) as place:
        with pytest.raises(Unavailable):
            await smtp.hand_over(place, ("a", "b"), ME, HAN, b"x")


@pytest.mark.parametrize("lines", [[b"220 hi\r\n", b"250-half"], [b""]])
async def test_a_server_that_says_no_more_took_nothing(lines):
    async with speaking(*lines, patience=0.2) as place:
        with pytest.raises(Unavailable):
            await smtp.hand_over(place, ("a", "b"), ME, HAN, b"x")


async def test_words_before_the_encryption_are_not_believed():
    answers = (b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n250 evil\r\n")
    async with speaking(*answers) as place:
        secure = Place(place.host, place.port, "starttls", 5)
        with pytest.raises(Unavailable, match="not to be trusted"):
            await smtp.hand_over(secure, ("a", "b"), ME, HAN, b"x")
