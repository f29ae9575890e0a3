"""Keeps every adapter alive on its own: one that is down never takes the others along."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from bot.diagnosis import diagnosis
from bot.memory import StoredMemory
from bot.metrics import Metrics
from bot.watch import Watch
from channels import registry
from channels.base import (
    Capabilities,
    ChannelAdapter,
    Clock,
    Doorbell,
    Listening,
    Passive,
    Polling,
    Reception,
    Typing,
    Webhook,
)
from channels.errors import ChannelError, Unauthorized
from channels.files import Files, Kind, MediaSource, SendsMedia, Takes
from channels.health import Finding
from channels.inbox import InboxConfig
from channels.sheets import Sheet, ShowsSheets
from channels.visited import Visited
from console.services import InboxState
from storage.database import Database

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
ASIDE_PAUSE = 600.0  # until is asked again beside what serves: each question counts
Store = Callable[[str, Reception, str | None], Awaitable[None]]
"""Stores what came in on an inbox, with the cursor after it."""
Cursor = Callable[[str], Awaitable[str | None]]
CURSOR = "cursor"


@dataclass(slots=True)
class Inbox:
    """One connected account and how it is doing."""

    name: str
    config: InboxConfig
    adapter: ChannelAdapter
    state: str = "starting"
    detail: str = ""
    trouble: Finding | None = None
    """What only a human can mend, and how."""
    last_in: datetime | None = None
    last_out: datetime | None = None
    paused_until: datetime | None = None
    """Until when nothing can be sent, as far as this process knows: the truth is a row."""
    on_trial: bool = False
    """Whether it was held: until its platform takes something, one message at a time tries it."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    answering: Passive | None = field(default=None, init=False)
    """The adapter, if it can answer in the platform's own call."""
    passive: Passive | None = field(default=None, init=False)
    """The adapter, if it can answer nowhere else."""
    webhook: Webhook | None = field(default=None, init=False)
    """The adapter, if it takes calls."""
    visited: Visited | None = field(default=None, init=False)
    """The adapter, if customers come to it, and not to a platform."""

    @property
    def capabilities(self) -> Capabilities:
        """What its platform can do."""
        return self.adapter.capabilities

    @property
    def is_called(self) -> bool:
        """Whether the platform calls us: it does not where we fetch, listen or are the platform."""
        return is_called(self.adapter)

    @property
    def asks_aside(self) -> bool:
        """Whether its platform is asked for something beside what serves already."""
        return isinstance(self.adapter, Doorbell) and self.adapter.aside

    def __post_init__(self) -> None:
        # Asked for each message, and what an adapter is does not change.
        if isinstance(self.adapter, Passive) and self.adapter.answering:
            self.answering = self.adapter
            self.passive = self.adapter if self.adapter.passive else None
        self.webhook = self.adapter if isinstance(self.adapter, Webhook) else None
        self.visited = self.adapter if isinstance(self.adapter, Visited) else None


def is_called(adapter: ChannelAdapter) -> bool:
    """Say whether its platform calls us."""
    if isinstance(adapter, Doorbell):
        return adapter.doorbell
    fetches = isinstance(adapter, Polling) and adapter.polling
    listens = isinstance(adapter, Listening) and adapter.listening
    return not (fetches or listens or isinstance(adapter, Visited))


class Inboxes:
    """All connected accounts by name."""

    def __init__(
        self, db: Database, configs: Mapping[str, InboxConfig], clock: Clock, metrics: Metrics
    ) -> None:
        self._db, self._clock, self._metrics = db, clock, metrics
        self._tasks: list[asyncio.Task[None]] = []
        self._watch, self._fetch = Watch(db, clock), True
        self.disabled = {name: config for name, config in configs.items() if not config.enabled}
        self.by_name = {
            name: Inbox(name, config, self.build(name, config))
            for name, config in configs.items()
            if config.enabled
        }

    def build(self, name: str, config: InboxConfig) -> ChannelAdapter:
        """Return an adapter of one account, not open yet."""
        memory = StoredMemory(self._db, name, self._clock)
        return registry.find(config.channel).adapter(name, config, memory, self._clock)

    def lend(self, files: Files) -> None:
        """Lend the house's files to the adapters that send media; before `start`."""
        for inbox in self.by_name.values():
            if isinstance(inbox.adapter, SendsMedia):
                inbox.adapter.lend(files)

    def offer(self, sheets: Sequence[Sheet]) -> None:
        """Lend the house's forms to the adapters that can show them; before `start`."""
        for inbox in self.by_name.values():
            if isinstance(inbox.adapter, ShowsSheets):
                inbox.adapter.offer(sheets)

    def get(self, name: str) -> Inbox | None:
        """Return an enabled inbox."""
        return self.by_name.get(name)

    def start(
        self,
        store: Store,
        cursor: Cursor,
        *,
        fetch: bool = True,
    ) -> None:
        """Start one supervised task for each inbox.

        Without `fetch` other processes ask the platforms that do not call us.
        """
        self._fetch = fetch
        for inbox in self.by_name.values():
            task = asyncio.create_task(self._keep(inbox, store, cursor), name=f"inbox {inbox.name}")
            self._tasks.append(task)

    async def stop(self) -> None:
        """Stop all inboxes and wait for their adapters to close."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def able(self) -> list[str]:
        """Return the inboxes that can send now: ready, not paused, not passive only."""
        now = self._clock()
        return [
            inbox.name
            for inbox in self.by_name.values()
            if inbox.ready.is_set()
            and inbox.passive is None
            and (inbox.paused_until is None or inbox.paused_until <= now)
        ]

    def takes(self, name: str) -> Mapping[Kind, Takes]:
        """Return which files an inbox can send."""
        # What waits for the customer's next message rides in an answer, which holds no files.
        inbox = self.by_name.get(name)
        return {} if inbox is None or inbox.passive is not None else inbox.capabilities.files

    def states(self, public_url: str | None = None) -> list[InboxState]:
        """Return how every inbox is doing, for the console and for health checks."""
        root = (public_url or "").rstrip("/")
        on = [
            InboxState(
                inbox=inbox.name,
                channel=inbox.config.channel,
                label=inbox.config.label or inbox.name,
                state=inbox.state,
                detail=inbox.detail,
                trouble=inbox.trouble,
                last_in=inbox.last_in,
                last_out=inbox.last_out,
                parks=inbox.passive is not None,
                present=isinstance(inbox.adapter, Visited),
                types=isinstance(inbox.adapter, Typing),
                text_limit=inbox.capabilities.text_limit,
                text_unit=inbox.capabilities.text_limit_unit,
                replies=_replies(inbox.capabilities),
                fetches=isinstance(inbox.adapter, MediaSource),
                takes=self.takes(inbox.name),
                notices=inbox.capabilities.notices,
                webhook_url=f"{root}/inboxes/{inbox.name}/webhook" if inbox.is_called else None,
                widget_url=f"{root}/widget.js" if isinstance(inbox.adapter, Visited) else None,
            )
            for inbox in self.by_name.values()
        ]
        off = [
            InboxState(name, config.channel, config.label or name, "disabled")
            for name, config in self.disabled.items()
        ]
        return on + off

    def refused(self, inbox: Inbox, problem: Unauthorized) -> None:
        """Note that its platform lets us send nothing until a human has mended the account."""
        if inbox.ready.is_set():
            self._mark(inbox, "degraded", problem)

    def sent(self, inbox: Inbox) -> None:
        """Note that its platform took something: whatever there was, it is mended."""
        inbox.last_out, inbox.on_trial = self._clock(), False
        if inbox.ready.is_set() and inbox.state == "degraded":
            self._mark(inbox, "ready", "")

    async def _keep(self, inbox: Inbox, store: Store, cursor: Cursor) -> None:
        pause = FIRST_PAUSE
        while True:
            begun = self._clock()
            try:
                async with inbox.adapter:
                    self._mark(inbox, "ready", "")
                    await self._bring_in(inbox, store, cursor)
                self._mark(inbox, "degraded", "its connection ended; it is opened again")
            except ChannelError as problem:
                self._mark(inbox, "degraded", problem)
                # Only a human can mend it: who asks every second only gets locked out as well.
                pause = LONGEST_PAUSE if isinstance(problem, Unauthorized) else pause
                log.warning("inbox is degraded", inbox=inbox.name, problem=problem, retry_in=pause)
            except Exception as problem:
                self._mark(inbox, "degraded", f"{type(problem).__name__}: see the log")
                log.exception("inbox failed", inbox=inbox.name, retry_in=pause)
            finally:
                inbox.ready.clear()
            lasted = (self._clock() - begun).total_seconds()
            pause = FIRST_PAUSE if lasted >= LONGEST_PAUSE else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _bring_in(self, inbox: Inbox, store: Store, cursor: Cursor) -> None:
        adapter = inbox.adapter
        if self._fetch and isinstance(adapter, Listening) and adapter.listening:
            listen = partial(adapter.listen, lambda reception: store(inbox.name, reception, None))
            await self._watch.alone(inbox.name, listen)
        elif self._fetch and isinstance(adapter, Polling) and adapter.polling:
            ask = partial(_poll, inbox.name, adapter, store, cursor)
            watch = partial(self._watch.alone, inbox.name, ask)
            await (self._beside(inbox, watch) if inbox.asks_aside else watch())
        else:
            await asyncio.Event().wait()

    async def _beside(self, inbox: Inbox, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask beside what serves already: trouble is shown, and takes nothing along."""
        while True:
            try:
                await ask()
            except ChannelError as problem:
                self._mark(inbox, "degraded", problem)
                log.warning("asking failed", inbox=inbox.name, problem=problem)
                await asyncio.sleep(ASIDE_PAUSE)
                self._mark(inbox, "ready", "")

    def _mark(self, inbox: Inbox, state: str, detail: str | ChannelError) -> None:
        inbox.state, inbox.detail = state, f"{detail}"
        inbox.trouble = (
            diagnosis(inbox.adapter, detail) if isinstance(detail, Unauthorized) else None
        )
        self._metrics.inbox_ready.labels(inbox.name).set(state == "ready")
        if state == "ready":
            inbox.ready.set()


async def _poll(name: str, adapter: Polling, store: Store, cursor: Cursor) -> None:
    stream = adapter.poll(await cursor(name))
    async with contextlib.aclosing(stream) as items:  # type: ignore[type-var]
        async for after, reception in items:
            await store(name, reception, after)


def _replies(able: Capabilities) -> int | None:
    return able.reply_window.messages if able.reply_window else None
