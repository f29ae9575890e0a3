from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import connect

from channels.testing import HANG_UP, closed_url, serve
from channels.testing.server import keep_port


async def answer(request):
    return Response(b"here", int(request.query_params.get("status", 200)))


async def echo(websocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


APP = Starlette(routes=[Route("/", answer), WebSocketRoute("/ws", echo)])


async def test_an_app_is_served_and_gone_afterwards():
    async with serve(APP) as url, httpx.AsyncClient(timeout=60) as client:
        assert (await client.get(url)).text == "here"
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)


async def test_two_apps_have_two_addresses():
    async with serve(APP) as one, serve(APP) as other:
        assert one != other


async def test_only_the_call_that_asked_is_hung_up_on():
    async with (
        serve(APP) as url,
        httpx.AsyncClient(timeout=60) as client,
        httpx.AsyncClient() as other,
    ):
        assert (await other.get(url)).text == "here"
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await client.get(url, params={"status": HANG_UP})
        assert (await client.get(url)).text == "here"
        assert (await other.get(url)).text == "here"


async def test_web_sockets_are_served_too():
    async with serve(APP) as url, connect(f"{url.replace('http', 'ws')}/ws") as socket:
        await socket.send("退款")
        assert await socket.recv() == "退款"


async def test_a_fault_of_the_test_still_ends_the_server():
    with pytest.raises(ZeroDivisionError):
        async with serve(APP):
            raise ZeroDivisionError
    assert len(asyncio.all_tasks()) == 1


async def test_an_app_that_does_not_start_says_so():
    def broken(app):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="did not start"):
        async with serve(Starlette(lifespan=broken)):
            pass


async def test_nobody_listens_at_a_closed_url():
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(closed_url())


async def test_a_port_is_kept_for_who_is_to_listen_there():
    with keep_port() as kept:
        port = kept.getsockname()[1]
        async with serve(APP, port) as url, httpx.AsyncClient(timeout=60) as client:
            assert (await client.get(url)).text == "here"
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(url)


async def test_what_is_being_answered_when_the_end_comes_is_answered():
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request):
        reached.set()
        await go_on.wait()
        return Response(b"at last")

    async with httpx.AsyncClient(timeout=60) as client:
        async with serve(Starlette(routes=[Route("/", slow)])) as url:
            asked = asyncio.create_task(client.get(url))
            await reached.wait()
            asyncio.get_running_loop().call_soon(go_on.set)
        assert (await asked).text == "at last"


async def test_no_part_of_an_answer_is_held_back_until_another_has_arrived(monkeypatch):
    callers = []
    accept = socket.socket.accept
    monkeypatch.setattr(
        socket.socket, "accept", lambda door: callers.append(found := accept(door)) or found
    )
    async with serve(APP) as url, httpx.AsyncClient(timeout=60) as client:
        await client.get(url)
        (caller, _) = callers[0]
        assert caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
