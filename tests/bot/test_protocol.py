"""A call with an endless head is refused; every honest one is served."""

import asyncio

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from uvicorn.server import ServerState

from bot.protocol import LARGEST_HEAD, BoundedProtocol

PIECE = b"a" * 64 * 1024
START = b"POST / HTTP/1.1\r\nhost: a\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"


async def length(scope, receive, send):
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


@pytest.fixture
async def port():
    config = uvicorn.Config(length, lifespan="off", log_config=None, http=BoundedProtocol)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: BoundedProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.gather(*state.tasks, return_exceptions=True)


async def answer(reader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head.split(b" ")[1] + b" " + await reader.readexactly(size)


@pytest.mark.parametrize(
    "head",
    [
        START + b"x: ",
        b"GET /",
        CHUNKED + b"1\r\na\r\n0\r\nx: ",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n",
    ],
)
async def test_an_endless_head_is_refused(port, head):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    async with asyncio.timeout(60):
        try:
            writer.write(head)
            while sent < 16 * LARGEST_HEAD and not reader.at_eof():
                writer.write(PIECE if b"x: y" not in head else b"x: y\r\n" * 10_000)
                await writer.drain()
                sent += len(PIECE)
                await asyncio.sleep(0)
            await reader.read()
        except ConnectionError:
            pass
    writer.close()
    assert sent < 16 * LARGEST_HEAD


@pytest.mark.parametrize("size", [0, 100, 1024 * 1024])
async def test_a_body_is_not_counted(port, size):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(START + b"content-length: %d\r\n\r\n" % size + b"b" * size)
        assert await answer(reader) == b"200 %d" % size
    writer.close()


async def test_a_body_in_small_chunks_is_taken(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(CHUNKED + b"40\r\n" + b"b" * 64 + b"\r\n")
    for _ in range(15_000):
        writer.write(b"40\r\n" + b"b" * 64 + b"\r\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()
    assert await answer(reader) == b"200 %d" % (64 * 15_001)
    writer.close()


async def test_many_calls_on_one_connection_do_not_add_up(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(40):
        writer.write(START + b"x: " + b"a" * 16_000 + b"\r\ncontent-length: 0\r\n\r\n")
        assert await answer(reader) == b"200 0"
    writer.close()
