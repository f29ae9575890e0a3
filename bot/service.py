"""One running process: all its parts, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

import structlog

from bot.chat_status import Line
from bot.clock_watch import ClockWatch
from bot.composing import Composing
from bot.config import Config
from bot.delivery import Sender
from bot.demo import Demo, with_demo
from bot.health import Health
from bot.inboxes import Inboxes
from bot.intake import Intake
from bot.lane_loop import LaneLoop
from bot.media import Fetcher, StoredFiles
from bot.metrics import Metrics
from bot.signals import EVERYTHING, Signals
from bot.timers import Ticker
from bot.worker import Worker
from channels.inbox import InboxConfig
from channels.visited import Visited
from console.live import Live
from console.services import ChatBrand, InboxState
from console.whispers import Whispers
from faq.demo import publish_demo
from faq.knowledge import KnowledgeBase
from faq.rehearsal import Rehearsals
from handlers.chain import Chain, build_chain
from handlers.chat.sheet import sheets
from storage import lanes, paces, schema, transport
from storage.database import Database, StorageError
from storage.folder import Folder
from storage.models import Fact, LaneKind

if TYPE_CHECKING:
    from storage.hints import Hints

log = structlog.get_logger(__name__)

Role = Literal["all", "web", "worker"]
"""What a process does: everything, be called, or think and send."""
LOG = "log"
"""The hint that something was committed, perhaps a fact."""
LOG_SECONDS = 0.1
"""How long that hint waits for another one to go along with: it only brings pages up to date."""
STOP_SECONDS = 6.0
"""How long a turn or a send may finish after the signal to stop; the rest is left to leases."""


class Service:
    """One running process with all its parts."""

    def __init__(
        self,
        config: Config,
        clock: Callable[[], datetime],
        demo: Demo | None,
        role: Role = "all",
    ) -> None:
        self.config = with_demo(config, demo) if demo is not None else config
        self.clock, self.demo, self.role = clock, demo, role
        self.metrics, self.signals = Metrics(), Signals(self._tell)
        self.db = Database(self.config.database_url, writers=self.config.database_pool)
        self.hints = _hints(self.db, self._heard)
        self.knowledge = KnowledgeBase(self.db, self.config.faq, self.config.data_dir, clock=clock)
        self.rehearsals = Rehearsals(self.db, self.knowledge, self.config.faq, clock)
        self.live = Live(self.db, Whispers(self._tell))
        self.line = Line(self.db, self.live)
        self.inboxes = Inboxes(self.db, self.config.inboxes, clock, self.metrics)
        near = demo.inboxes() if demo is not None else ()
        self.health = Health(self.db, self.inboxes, config.public_url, clock, near)
        self.composing = Composing(self.inboxes)
        self.folder = Folder(config.media_folder, config.media.max_bytes)
        self.inboxes.lend(StoredFiles(self.db, self.folder))
        self.inboxes.offer(sheets())
        self.fetcher = Fetcher(
            self.db,
            self.inboxes,
            self.folder,
            clock,
            patience=config.media.timeout,
            keep=_days(config.media.keep_days),
        )
        self.intake = Intake(
            self.db, self.inboxes, self.signals, clock, self.metrics, self.config.passive_wait
        )
        self.worker = Worker(
            self.db,
            _chain(self.config, self.knowledge, self.inboxes),
            self.inboxes,
            self.signals,
            clock,
            self.metrics,
            queue_notice=timedelta(minutes=self.config.queue_notice_minutes),
        )
        self.sender = Sender(self.db, self.inboxes, self.signals, clock, self.metrics)
        self.ticker = Ticker(self.db, self.knowledge, self.signals, clock, self.metrics)
        self.clock_watch = ClockWatch(self.db, self.inboxes, self.signals, self.ticker, clock)
        self.stopping = self._connected = False
        self._loops: list[asyncio.Task[None]] = []
        self._ending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Open the database and start every part.

        Raises:
            storage.database.StorageError: the database is in use, too new or unreadable.
        """
        await self.db.__aenter__()
        await asyncio.to_thread(schema.upgrade, self.config.database_url)
        if not self.db.shared:
            await self.db.write(lanes.free_all)
            await self.clock_watch.begin()
        self.db.on_commit(self._committed)
        self.db.on_outgoing(self.signals.outbound.set)
        if self.hints is not None:
            await self.hints.start()
        if self.demo is not None:
            await publish_demo(self.db, self.clock())
            await self.demo.open()
        await self.knowledge.start()
        if self.serves:
            await self.live.start()
            self._loops.append(asyncio.create_task(self._follow_releases(), name="releases"))
        if self.demo is None:
            self.connect()
        for loop in self._lane_loops:
            self._loops.append(asyncio.create_task(loop.run(), name=loop.kind.value))
        if self.works:
            self._loops.append(asyncio.create_task(self.fetcher.run(), name="files"))
            self.health.start()
        self.ticker.start(alone=self.works)
        self.clock_watch.start()
        log.info("started", inboxes=sorted(self.inboxes.by_name))
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop every part; what is unfinished is picked up by the next start."""
        self.begin_stop()
        await self.clock_watch.stop()
        self.ticker.stop()
        self.fetcher.stop()
        await self.health.stop()
        await asyncio.gather(*(loop.stop(STOP_SECONDS) for loop in self._lane_loops))
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.inboxes.stop()
        if self._ending is not None:
            await self._ending
        await self.rehearsals.close()
        await self.knowledge.close()
        if self.hints is not None:
            await self.hints.stop()
        if self.demo is not None:
            await self.demo.close()
        await self.db.__aexit__(*exc)
        log.info("stopped")

    @property
    def serves(self) -> bool:
        """Whether platforms and browsers call this process."""
        return self.role != "worker"

    @property
    def works(self) -> bool:
        """Whether this process thinks, sends, fetches and minds the clock."""
        return self.role != "web"

    @property
    def _lane_loops(self) -> tuple[LaneLoop, ...]:
        return (self.worker, self.sender) if self.works else ()

    def connect(self) -> None:
        """Start the inboxes; the demo's only once our own server, their platform, listens."""
        if not self._connected:
            self._connected = True
            self.inboxes.start(self.intake.bring, self.intake.cursor, fetch=self.works)

    def begin_stop(self) -> None:
        """End open streams, so that the web server can let its connections go."""
        if not self.stopping:
            self.stopping = True
            self._ending = asyncio.create_task(self.live.stop())

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Return whether customers can be served, and the facts behind it."""
        facts: dict[str, Any] = {
            "database": True,
            "knowledge": self.knowledge.ready,
            "inboxes": {state.inbox: state.state for state in self.inboxes.states()},
        }
        try:
            async with asyncio.timeout(5):
                facts |= await self._waiting(facts["inboxes"])
        except (StorageError, TimeoutError):
            facts["database"] = False
        # A website chat needs no platform: until it is open its visitors would be turned away.
        opening = any(
            inbox.state == "starting" and isinstance(inbox.adapter, Visited)
            for inbox in self.inboxes.by_name.values()
        )
        ready = bool(facts["database"] and facts["knowledge"]) and not (opening or self.stopping)
        return ready, {"status": "ready" if ready else "not ready", **facts}

    async def _waiting(self, inboxes: Mapping[str, str]) -> dict[str, Any]:
        """Return what waits, and the states of inboxes with those that wait in theirs."""
        await self.db.write(transport.probe)
        waiting, oldest = await self.db.read(lanes.backlog, LaneKind.IN)
        waits = await self.db.read(paces.states, self.clock())
        age = 0.0 if oldest is None else (self.clock() - oldest).total_seconds()
        slowed = {
            name: "held" if paces.is_held(row) else "paused"
            for name, row in waits.items()
            if inboxes.get(name) == "ready"
        }
        return {
            "inboxes": {**inboxes, **slowed},
            "backlog": waiting,
            "backlog_seconds": round(max(age, 0.0), 1),
        }

    def states(self) -> list[InboxState]:
        """Return how every inbox is doing, with the address its platform must call."""
        own = f"http://{self.config.host}:{self.config.port}"
        return self.inboxes.states(self.config.public_url or own)

    def brand(self, name: str) -> ChatBrand | None:
        """Return the look of an inbox's web chat, None if it has none."""
        inbox = self.inboxes.get(name)
        if inbox is None or inbox.config.channel != "webchat":
            return None
        return brand_of(inbox.config)

    def _committed(self) -> None:
        self.live.wake()
        self._tell(LOG, LOG_SECONDS)

    def _tell(self, word: str, patience: float = 0) -> None:
        if self.hints is not None:
            self.hints.tell(word, patience)

    def _heard(self, word: str) -> None:
        if word in {LOG, EVERYTHING}:
            self.live.wake()
        self.live.whispers.hear(word)
        self.signals.hear(word)

    async def _follow_releases(self) -> None:
        async for facts in self.live.follow(None, hurry=False):
            if any(fact.fact is Fact.KNOWLEDGE_RELEASED for fact in facts):
                await self.ticker.guarded(self.ticker.reload_knowledge)


def _chain(config: Config, knowledge: KnowledgeBase, inboxes: Inboxes) -> Chain:
    channels = {name: each.channel for name, each in config.inboxes.items()}
    return build_chain(knowledge, config.chat, channels, inboxes.takes, config.files_at)


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)


def _hints(db: Database, hear: Callable[[str], None]) -> Hints | None:
    if not db.shared:
        return None
    from storage.hints import Hints  # noqa: PLC0415 - needs the driver

    return Hints(db.url, hear)


def brand_of(config: InboxConfig) -> ChatBrand:
    """Return the look that a web chat's settings describe."""
    look = config.model_dump()
    given = look["suggestions"]
    by_language = given if isinstance(given, dict) else {"zh": given}
    return ChatBrand(
        title=look["title"].get("zh") or next(iter(look["title"].values())),
        color=look["color"],
        greeting=look["greeting"],
        suggestions={key: tuple(texts) for key, texts in by_language.items() if texts},
        allowed_origins=tuple(look["allowed_origins"]),
        titles=look["title"],
        logo=look["logo"],
        attachments=look["attachments"],
    )
