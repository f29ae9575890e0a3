"""Serve an ASGI app on a free port of this machine, in the running loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HANG_UP = 0
"""The status of a `Fault` that closes the connection instead of answering."""
IDLE_SECONDS = 75
"""How long a connection may rest between two calls, as before most platforms' web servers.

uvicorn's own 5 seconds are just what some clients believe in: on a busy machine a call would meet a
connection that is being closed, and nobody could say whether it arrived.
"""


GRACE, LOOK = 1.0, 0.002
"""Seconds for what is being answered when the end comes, and between two looks whether it is."""


class _Server(uvicorn.Server):
    """uvicorn without its signals, ticks and pauses: ready and over when we say so."""

    def __init__(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            _hanging_up(app, self),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="auto",
            ws="websockets-sansio",
            timeout_keep_alive=IDLE_SECONDS,
        )
        super().__init__(config)
        self.ready = asyncio.Event()
        self.over = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl+C to whoever runs the loop."""
        yield

    async def main_loop(self) -> None:
        """Wait until told to end."""
        self.ready.set()
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as soon as everybody was answered; uvicorn itself looks ten times a second."""
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        state, loop = self.server_state, asyncio.get_running_loop()
        for connection in list(state.connections):
            connection.shutdown()
        end = loop.time() + GRACE
        while (state.connections or state.tasks) and loop.time() < end:  # noqa: ASYNC110 - sets
            await asyncio.sleep(LOOK)
        for task in state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve until the end.

        Raises:
            RuntimeError: the app failed to start.
        """
        try:
            await self.serve(sockets=[listener])
        except SystemExit:
            raise RuntimeError("the app did not start; see its own log") from None

    def hang_up(self, scope: Scope) -> None:
        """Close the connection of a call at once."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport and transport.get_extra_info("peername") == tuple(scope["client"]):
                transport.abort()


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` on 127.0.0.1 and yield its base URL, without a slash at the end.

    A response with the status `HANG_UP` closes the connection without an answer.
    """
    # Only of a socket that names its protocol asyncio knows that nothing is to be held back: an
    # answer's body waited 40 ms for the caller to acknowledge its head.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    server = _Server(app)
    running = asyncio.create_task(server.run_on(listener))
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.over.set()
        ready.cancel()
        try:
            await running
        finally:
            listener.close()


def keep_port() -> socket.socket:
    """Return a socket that holds a free port on this machine for a process that is to listen there.

    The process gets it because both may share the address; nobody else is given it until this
    socket is closed.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def closed_url() -> str:
    """Return a URL on this machine where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def _hanging_up(app: ASGIApp, server: _Server) -> ASGIApp:
    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        hung_up = False

        async def watching(message: Message) -> None:
            nonlocal hung_up
            if message["type"] == "http.response.start" and message["status"] == HANG_UP:
                hung_up = True
                server.hang_up(scope)
            if not hung_up:
                await send(message)

        await app(scope, receive, watching)
        while hung_up and (await receive())["type"] != "http.disconnect":
            pass

    return watched
