"""`yingda run`: the service."""

from __future__ import annotations

import asyncio
import errno
import gc
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Annotated, Literal, get_args

import typer
import uvicorn

from bot.app import compose
from bot.cli.options import DEFAULT, ConfigPath, read_config, utc_now
from bot.config import BadConfig, Config
from bot.logs import configure
from bot.service import Role, Service
from console.auth import hash_in_thread
from storage import adapter_memory, people
from storage.postgres import is_postgres

GRACEFUL_SECONDS = 2
SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while another one waits for it."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)
FIRST_ADMIN = "admin"
SAID_FOR = timedelta(minutes=10)
"""How long a one-time password that one process said is not replaced by another's."""


class Server(uvicorn.Server):
    """The web server; it tells the service about a signal before connections are waited for."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._started, self._stopping = started, stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        self._started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals in the loop; uvicorn's own way raises them again, too soon for us."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the streams, then stop as usual."""
        self._stopping()
        super().handle_exit(sig, frame)


def run(
    config: ConfigPath = DEFAULT,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    role: Annotated[
        str,
        typer.Option(
            help="all; on PostgreSQL also web (platforms, desk, web chat) and worker (answers, "
            "sends, fetches, minds the clock), as many of each as you like."
        ),
    ] = "all",
) -> None:
    """Start the service."""
    settings = read_config(config)
    chosen = part(role, settings)
    changes = {"host": host or settings.host, "port": settings.port if port is None else port}
    settings = settings.model_copy(update=changes)
    configure(settings.log)
    with listen(settings) as listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        take_turns()
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_serve(settings, listener, chosen))


def part(role: str, config: Config) -> Role:
    """Return the role of this process.

    Raises:
        BadConfig: there is no such role, or this database or the demo is for one process.
    """
    if role not in get_args(Role):
        raise BadConfig(f"--role {role}: there are all, web and worker")
    if role == "all":
        return "all"
    if not is_postgres(config.database_url):
        raise BadConfig(
            f"--role {role}: one SQLite file has one process; leave --role out, or let "
            "database_url name a PostgreSQL database, which any number of processes can share"
        )
    if config.shows_demo:
        raise BadConfig(
            f"--role {role}: the demo is one process; configure inboxes, or set demo: false"
        )
    return "web" if role == "web" else "worker"


_LISTENING = {
    errno.EADDRINUSE: "stop what uses it, or choose another with --port",
    errno.EACCES: "choose a port from 1024 on with --port",
}
"""How it is mended that an address cannot be listened on."""


def listen(config: Config) -> socket.socket:
    """Return the socket of the service, before anything else is started.

    Raises:
        BadConfig: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # The protocol must be named, or asyncio holds an answer's body back until its head has arrived.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError as problem:
        listener.close()
        mend = _LISTENING.get(problem.errno or 0, "name an address of this machine with --host")
        raise BadConfig(
            f"cannot listen on {config.host}:{config.port} ({problem.strerror}); {mend}"
        ) from problem
    return listener


def take_turns() -> None:
    """Let threads take turns more often than Python has them.

    Each time the loop wakes up it would wait for the writer's long runs, and every call with it.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes uvloop's loops, or None where there is no uvloop (Windows)."""
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return None
    loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return loop


def bounded() -> type[asyncio.Protocol] | Literal["h11"]:
    """Return how HTTP is read: by the fast parser with a limit, or by h11, which has its own."""
    try:
        from bot.protocol import BoundedProtocol  # noqa: PLC0415 - not on every system
    except ImportError:
        return "h11"
    return BoundedProtocol


async def _serve(config: Config, listener: socket.socket, role: Role) -> None:
    app = compose(config, utc_now, role)
    service: Service = app.state.service
    options = uvicorn.Config(
        app,
        http=bounded(),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        proxy_headers=bool(config.public_url),
    )
    greeting: list[asyncio.Task[None]] = []

    def started() -> None:
        gc.freeze()
        gc.enable()
        service.connect()
        greeting.append(asyncio.create_task(_greet(service, config)))

    async with service:
        await Server(options, started, service.begin_stop).serve(sockets=[listener])
        await asyncio.gather(*greeting)


async def _greet(service: Service, config: Config) -> None:
    if not service.serves:
        print("\n  ready: this worker answers, sends and minds the clock\n", flush=True)
        return
    await _first_admin(service)
    host = "127.0.0.1" if config.host in {"0.0.0.0", "::"} else config.host  # noqa: S104 - compared
    root = f"http://{host}:{config.port}"
    print(f"\n  ready: {root}/inbox is the desk", flush=True)
    if service.demo is not None:
        print(f"         {root}/demo is the demo: simulated phones\n", flush=True)


async def _first_admin(service: Service) -> None:
    """Make the first administrator, or renew a one-time password that nobody has used.

    Of several processes that are started together one says it, and it stays good.
    """
    everybody = await service.db.read(people.agents)
    unused = len(everybody) == 1 and everybody[0].must_change_password
    if (everybody and not unused) or not await _may_say(service):
        return
    password = secrets.token_urlsafe(9)
    hashed = await hash_in_thread(password)
    if unused:
        await service.db.write(people.set_password, everybody[0].id, hashed, must_change=True)
    else:
        made = await service.db.write(people.bootstrap_admin, FIRST_ADMIN, hashed, service.clock())
        if made is None:
            return
    name = everybody[0].name if unused else FIRST_ADMIN
    print(f"\n  First login: {name}   one-time password: {password}", flush=True)


async def _may_say(service: Service) -> bool:
    now = service.clock()
    key, me, until = "lease:first login", secrets.token_hex(8), now + SAID_FOR
    if await service.db.write(adapter_memory.swap, "", key, None, me, until, now):
        return True
    print("\n  First login: another process has just said its one-time password", flush=True)
    return False
