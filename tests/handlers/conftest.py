"""A customer who talks to the real chain on a real database, and the people of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from channels.message import (
    Address,
    Choices,
    ContactEvent,
    IncomingMessage,
    Part,
    Selection,
    Text,
    Visibility,
)
from faq.matcher import Band, Candidate, Decision, Entry
from handlers import turn as turns
from handlers.apply import Applied, apply
from handlers.base import Handler, Outcome, Turn
from handlers.chain import build_chain
from storage import conversations, people
from storage.database import Database
from storage.models import Agent, Contact, Conversation, Message, Role

ENTRIES = (
    Entry("returns", "怎么退货", answers={"zh": "七天内可以退货。", "en": "Within seven days."}),
    Entry("shipping", "运费多少", answers={"zh": "满 99 元包邮。"}, kind="price"),
    Entry("hours", "几点营业", answers={"zh": "九点到十八点。"}, kind="service"),
    Entry("screen:2", "屏幕碎了怎么办", answers={"zh": "可以维修。"}, kind="technical"),
    Entry("colour", "有什么颜色", answers={"zh": "红色和蓝色。"}),
)
UNSURE = "那个东西"


class FakeAnswers:
    """Knows its entries' questions word by word, is unsure of one text, misses the rest."""

    def __init__(self, entries: Sequence[Entry] = ENTRIES) -> None:
        self.known = {entry.id: entry for entry in entries}
        self.broken: Exception | None = None

    async def decide(self, text: str) -> Decision:
        if self.broken is not None:
            raise self.broken
        words = text.strip("?？ ")
        found = [entry for entry in self.known.values() if entry.question == words]
        if found:
            return self._decision(Band.ANSWER, 0.97, found)
        if words == UNSURE:
            return self._decision(Band.SUGGEST, 0.5, list(self.known.values()))
        missed = self._decision(Band.HANDOFF, 0.1, [])
        return missed if any(c.isalnum() for c in words) else replace(missed, route="empty")

    def entry(self, entry_id: str) -> Entry | None:
        return self.known.get(entry_id)

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.known.values())

    def _decision(self, band: Band, confidence: float, entries: Sequence[Entry]) -> Decision:
        candidates = tuple(Candidate(e, confidence, e.question) for e in entries[:5])
        return Decision(band, confidence, candidates, "exact", "")


@dataclass
class Heard:
    """What came back for one message."""

    applied: Applied

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(part for message in self.applied.replies for part in message.parts)

    @property
    def words(self) -> str:
        """All texts, prompts and labels, as a customer would see them."""
        lines: list[str] = []
        for part in self.parts:
            if isinstance(part, Text):
                lines.append(part.text)
            if isinstance(part, Choices):
                lines += [part.prompt, *(option.label for option in part.options)]
        return "\n".join(lines)

    @property
    def values(self) -> list[str]:
        return [o.value for part in self.parts if isinstance(part, Choices) for o in part.options]

    @property
    def why(self) -> dict:
        return self.applied.replies[0].why or {}


@dataclass
class Customer:
    """Somebody who writes; every message runs through turn, chain and apply as in the service."""

    db: Database
    chain: Handler
    now: datetime
    thread: str = "t1"
    contact: str = "ming"
    inbox: str = "shop"
    visibility: Visibility = Visibility.PRIVATE
    count: int = 0
    language: str | None = None
    heard: list[Heard] = field(default_factory=list)

    def message(self, *parts: Part, **more: object) -> IncomingMessage:
        self.count += 1
        address = Address(
            inbox=self.inbox,
            thread=self.thread,
            contact=self.contact,
            visibility=self.visibility,
        )
        values = {
            "dedupe_key": f"{self.thread}-{self.count}",
            "contact_name": "小明",
            "language": self.language,
            **more,
        }
        return IncomingMessage(address=address, sent_at=self.now, parts=parts, **values)

    async def turn(self, *parts: Part, **more: object) -> Turn:
        message = self.message(*parts, **more)
        key = f"{self.inbox}:{self.thread}:{self.count}"
        return await self.db.read(turns.build, message, key, self.now)

    async def do(self, *parts: Part, **more: object) -> Heard:
        turn = await self.turn(*parts, **more)
        outcome = await self.chain(turn)
        return await self.apply(turn, outcome)

    async def apply(self, turn: Turn, outcome: Outcome | None) -> Heard:
        heard = Heard(await self.db.write(apply, turn, outcome, self.now))
        self.now += timedelta(seconds=1)
        self.heard.append(heard)
        return heard

    async def say(self, text: str) -> Heard:
        return await self.do(Text(text=text))

    async def tap(self, value: str) -> Heard:
        return await self.do(Selection(value=value))

    async def event(self, name: str) -> Heard:
        return await self.do(ContactEvent(event=name))

    async def conversation(self) -> Conversation:
        return await self.db.read(conversations.latest, self.inbox, self.thread)


@pytest.fixture
def answers() -> FakeAnswers:
    return FakeAnswers()


@pytest.fixture
def chain(answers):
    return build_chain(answers)


@pytest.fixture
def customer(db, chain, now) -> Customer:
    return Customer(db, chain, now)


@pytest.fixture
def meet(db, chain, now):
    """Another customer."""

    def make(**more) -> Customer:
        return Customer(db, chain, now, **more)

    return make


@pytest.fixture
def hire(db, now):
    """A person of the firm, stored."""

    async def make(name: str, role: Role = Role.AGENT) -> Agent:
        return await db.write(
            people.create_agent, name, "no hash", role, now, display_name=f"客服{name}"
        )

    return make


@pytest.fixture
def turn_of(now):
    """A turn in memory, for handlers that are asked alone."""

    def make(
        text: str = "",
        *parts: Part,
        history: Sequence[Message] = (),
        dialog: dict | None = None,
        language: str = "zh",
        **more,
    ) -> Turn:
        contact = Contact(id=UUID(int=1))
        conversation = Conversation(
            inbox="shop",
            thread="t1",
            platform_contact="ming",
            contact_id=contact.id,
            dialog=dialog,
            visibility=more.pop("visibility", Visibility.PRIVATE),
        )
        said = (Text(text=text),) if text else ()
        message = IncomingMessage(
            address=Address(inbox="shop", thread="t1", contact="ming"),
            dedupe_key="1",
            sent_at=now,
            parts=said + parts,
        )
        return Turn("k", contact, conversation, message, history, now, language, **more)

    return make
