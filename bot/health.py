"""Asks how the accounts are, each on its own, and keeps what was found for all to see."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from pydantic import TypeAdapter, ValidationError

from bot.diagnosis import diagnosis, tidy, unreached
from bot.inboxes import Inboxes, is_called
from bot.memory import StoredMemory
from channels import dates
from channels.base import ChannelAdapter, Clock
from channels.errors import ChannelError
from channels.health import Checked, Finding, Report, fine, mark, warn, wrong
from channels.http import call, make_client
from storage.database import Database

log = structlog.get_logger(__name__)

SECONDS = 20.0
"""How long one account's platform may take for all its answers."""
FIRST, EVERY = timedelta(minutes=10), timedelta(hours=1)
"""After how long all accounts are asked for the first time, and how often then."""
OFF, FAR_OFF = 60, 240
"""Seconds that our clock may differ; farther off, genuine calls are taken for stale ones."""
KEPT, LEASE = "health", "lease:health"
_REPORT = TypeAdapter(Report)


class Health:
    """What is known of all accounts of a running service."""

    def __init__(
        self,
        db: Database,
        inboxes: Inboxes,
        public_url: str | None,
        clock: Clock,
        near: Collection[str] = (),
    ) -> None:
        """Ask about `inboxes`; the platforms of those `near` need no public address."""
        self._db, self._inboxes, self._url, self._clock = db, inboxes, public_url, clock
        self._near = frozenset(near)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask about every inbox now and then; one process does it for all."""
        self._task = asyncio.create_task(self._ask_on(), name="health")

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def check(self, name: str) -> None:
        """Ask the platform of an inbox now, and keep what it says; no such inbox: nothing."""
        inbox = self._inboxes.get(name)
        if inbox is None:
            return
        is_open = inbox.ready.is_set()
        adapter = inbox.adapter if is_open else self._inboxes.build(name, inbox.config)
        is_far = is_called(adapter) and name not in self._near
        way = (self._url, await reach(self._url)) if is_far else (None, None)
        report = await examine(name, adapter, way, self._clock, is_open=is_open)
        await keep(self._db, name, report, self._clock)
        for finding in report.findings:
            if finding.level == "problem":
                log.warning("an account is not well", inbox=name, problem=finding.line)

    async def reports(self) -> Mapping[str, Report]:
        """Return what each inbox's last check found, whichever process made it."""
        found = {}
        for name in self._inboxes.by_name:
            text = await StoredMemory(self._db, name, self._clock).get(KEPT)
            if text and (report := _read(text)):
                found[name] = report
        return found

    async def check_due(self) -> None:
        """Ask about every inbox that no process has asked about lately."""
        for name in self._inboxes.by_name:
            try:
                memory = StoredMemory(self._db, name, self._clock)
                if await memory.swap(LEASE, None, "taken", EVERY / 2):
                    await self.check(name)
            except ChannelError as problem:
                log.warning("an account was not checked", inbox=name, problem=problem)

    async def _ask_on(self) -> None:
        pause = FIRST
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = EVERY
            await self.check_due()


async def examine(
    name: str,
    adapter: ChannelAdapter,
    way: tuple[str | None, Finding | None],
    clock: Clock,
    *,
    is_open: bool,
) -> Report:
    """Ask one account's platform how it is; what fails is a finding.

    `way` is our public address, and whether it leads to us.
    """
    root, reached = way
    callback = f"{root.rstrip('/')}/inboxes/{name}/webhook" if root else None
    with dates.listening() as heard:
        found = await _asked(adapter, callback, is_open=is_open)
    now = clock()
    found = [*found, *_clock(heard, now)]
    if is_called(adapter):
        found += [reached] if reached else []
        found += [fine("Its platform calls %(url)s", url=callback)] if callback else []
    return Report(now, tuple(tidy(each) for each in found))


async def reach(public_url: str | None) -> Finding:
    """Say whether our public address leads to this service, as seen from here."""
    if public_url is None:
        return warn(
            "Without public_url nobody knows where the platform shall call",
            "set public_url in config.yaml, such as https://help.example.com",
        )
    if not public_url.startswith("https://"):
        return warn(
            "The public address is not https: %(url)s",
            "most platforms call https only; see how-to/run-as-service on certificates",
            url=public_url,
        )
    problem = await _knocked(public_url)
    if problem is None:
        return fine("The public address leads to this service")
    return warn(
        "From here the public address does not lead to a running service: %(problem)s",
        "start `yingda run`; then see its DNS entry, its certificate and the proxy before it",
        problem=problem,
    )


async def keep(db: Database, name: str, report: Report, clock: Clock) -> None:
    """Keep what a check found, for the desk."""
    text = _REPORT.dump_json(report).decode()
    await StoredMemory(db, name, clock).set(KEPT, text)


async def _knocked(public_url: str) -> str | None:
    async with make_client() as client:
        try:
            reply = await call(client, "GET", f"{public_url.rstrip('/')}/healthz")
            told = reply.json() if reply.status == HTTPStatus.OK else {}
        except ChannelError as problem:
            return str(problem)
    return None if told.get("status") == "alive" else f"HTTP {reply.status}, another page"


async def _asked(
    adapter: ChannelAdapter, callback: str | None, *, is_open: bool
) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            if is_open:
                return await _look(adapter, callback)
            async with adapter:
                return await _look(adapter, callback)
    except ChannelError as problem:
        return (diagnosis(adapter, problem),)
    except TimeoutError:
        return (unreached("no answer"),)
    except Exception as problem:  # noqa: BLE001 - one broken inbox must not hide the others
        return (
            wrong(
                "%(kind)s while it was checked",
                "this is a fault of the channel; see the log",
                kind=type(problem).__name__,
            ),
        )


async def _look(adapter: ChannelAdapter, callback: str | None) -> Sequence[Finding]:
    found = await adapter.check(callback) if isinstance(adapter, Checked) else ()
    return (fine("The channel opens and is let in"), *found)


def _clock(heard: Sequence[datetime], now: datetime) -> list[Finding]:
    if not heard:
        return []
    seconds = min((abs(int((now - date).total_seconds())) for date in heard), default=0)
    mend = mark("set this machine's clock by NTP: timedatectl set-ntp true")
    if seconds >= FAR_OFF:
        return [
            wrong(
                mark("Our clock is %(seconds)d s off the platform's, so that its calls look stale"),
                mend,
                seconds=seconds,
            )
        ]
    if seconds >= OFF:
        return [warn(mark("Our clock is %(seconds)d s off the platform's"), mend, seconds=seconds)]
    return [fine("Our clock is right")]


def _read(text: str) -> Report | None:
    try:
        return _REPORT.validate_json(text)
    except ValidationError:
        return None  # of another version of ours
