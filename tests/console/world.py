"""A console with people in it: what the console's tests share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from channels.health import Report
from channels.message import Address, Text
from console import app as console
from console.auth import hash_password
from console.live import Live
from console.services import ChatBrand, InboxState, Services
from faq.config import FaqConfig
from faq.matcher import Band, Candidate, Decision, Entry
from storage import contacts, conversations, people
from storage.database import Database
from storage.folder import Folder
from storage.models import Agent, Author, Conversation, Message, Role

PASSWORD = "correct horse battery"
HASH = hash_password(PASSWORD, time_cost=1, memory_cost=32)
ENTRIES = (
    Entry(
        "refund",
        "退款多久到账？",
        ("钱什么时候退",),
        {"zh": "审核通过后 1–3 个工作日原路退回。", "en": "1–3 days."},
    ),
    Entry("return", "如何申请退货？", (), {"zh": "在“我的订单”里点“申请售后”，选择退货即可。"}),
    Entry("invoice", "怎么开发票？", (), {"zh": "确认收货后，在订单详情页申请电子发票。"}),
)


class Knowledge:
    """A knowledge base of three entries, for pages that only ask it."""

    semantic = False
    encoder = None
    matcher = None
    config = FaqConfig()

    def entries(self) -> tuple[Entry, ...]:
        return ENTRIES

    def threshold(self, _entry: Entry) -> float:
        return 0.8

    def entry(self, entry_id: str) -> Entry | None:
        return next((entry for entry in ENTRIES if entry.id == entry_id), None)

    async def refresh(self) -> None:
        """Nothing is ever published here."""

    async def decide(self, text: str) -> Decision:
        scores = (0.91, 0.64, 0.38)
        found = tuple(
            Candidate(entry, score, entry.question)
            for entry, score in zip(ENTRIES, scores, strict=True)
        )
        return Decision(Band.ANSWER, 0.91, found, "ranked", text)


@dataclass
class Time:
    """A clock that the test moves."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, by: timedelta) -> None:
        self.now += by


INBOXES = (
    InboxState(
        "shop_wechat", "wechat", "微信公众号", "ready", notices={"answered": "您的问题有了答复"}
    ),
    InboxState("shop_weibo", "weibo", "微博小店", "ready"),
    InboxState("old_weibo", "weibo", "微博老店", "ready", parks=True),
    InboxState("shop_telegram", "telegram", "Telegram", "ready", types=True),
    InboxState("shop_slack", "slack", "Slack Connect", "degraded", "The token has expired."),
    InboxState("website", "webchat", "官网", "ready", present=True),
)


@dataclass
class Console:
    """The application and what is behind it."""

    app: FastAPI
    db: Database
    live: Live
    time: Time
    services: Services
    reports: dict[str, Report] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)
    """Which inboxes somebody had checked."""
    agents: dict[str, Agent] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    """The threads on whose platform it was asked to show that somebody types."""

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A visitor without a login."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://desk.test",
            headers={"origin": "http://desk.test", "accept-language": "en", **headers},
        )

    async def enter(self, name: str) -> httpx.AsyncClient:
        """Somebody who has logged in; `csrf` is set as a header."""
        browser = self.browser()
        form = {"name": name, "password": PASSWORD}
        answer = await browser.post("/login", data=form)
        assert answer.status_code == 303, answer.text
        page = (await browser.get("/me")).text
        browser.headers["x-csrf-token"] = page.split('name="csrf" value="')[1].split('"')[0]
        return browser

    async def talk(
        self,
        name: str = "王小明",
        inbox: str = "shop_wechat",
        text: str = "你好",
        **changes: object,
    ) -> Conversation:
        """A conversation in which a customer said one thing."""
        return await self.db.write(begin_talk, name, inbox, text, self.time.now, changes)


async def say(console: Console, conversation: Conversation, text: str) -> Message:
    """Let the customer say one more thing."""

    def speak(session, now):
        found = conversations.get(session, conversation.id)
        return conversations.append(session, found, Author.CONTACT, (Text(text=text),), now)

    return await console.db.write(speak, console.time.now)


def begin_talk(session, name, inbox, text, now, changes):
    contact, _ = contacts.find_or_make(session, inbox, f"user-{name}", name, "zh", now)
    address = Address(inbox=inbox, thread=f"thread-{name}", contact=f"user-{name}")
    conversation = conversations.open_for(session, address, contact, "zh", now)
    conversations.append(session, conversation, Author.CONTACT, (Text(text=text),), now)
    for key, value in changes.items():
        setattr(conversation, key, value)
    conversations.save(session, conversation)
    return conversation


async def open_console(db: Database, time: Time, folder: Path) -> Console:
    """The console with agents `li` and `zhao`, an editor, a supervisor, an admin."""
    live, reports, checked = Live(db), {}, []

    async def check(inbox: str) -> None:
        checked.append(inbox)

    async def found() -> dict[str, Report]:
        return reports

    shown: list[str] = []

    async def show_typing(address: Address) -> None:
        shown.append(address.thread)

    services = Services(
        db=db,
        knowledge=Knowledge(),
        live=live,
        clock=time,
        inboxes=lambda: INBOXES,
        folder=Folder(folder, 3_000_000),
        chats=lambda inbox: ChatBrand(inbox) if inbox == "website" else None,
        check=check,
        reports=found,
        show_typing=show_typing,
    )
    app = FastAPI()
    console.install(app, services)
    made = Console(app, db, live, time, services, reports, checked, shown=shown)
    made.agents = await db.write(_people, time.now)
    db.on_commit(live.wake)
    await live.start()
    return made


def _people(session, now):
    roles = {
        "li": (Role.AGENT, "小李"),
        "zhao": (Role.AGENT, "赵敏"),
        "editor": (Role.EDITOR, None),
        "boss": (Role.SUPERVISOR, "周主管"),
        "admin": (Role.ADMIN, None),
    }
    return {
        name: people.create_agent(session, name, HASH, role, now, display_name=shown)
        for name, (role, shown) in roles.items()
    }
