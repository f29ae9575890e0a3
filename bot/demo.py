"""The demo: simulated phones that speak to the real adapters through their signed wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.config import Config, inbox
from channels import registry
from channels.http import make_client
from channels.inbox import InboxConfig
from console.app import take_routes
from console.demo import demo_page

if TYPE_CHECKING:
    from channels.simulation import Push, Seen, Simulator

CHANNELS = (
    *("wechat", "wecom", "miniprogram", "weibo", "douyin"),
    *("telegram", "slack", "qq", "email", "webhook"),
)
WEB = "demo_web"
SHOP: Mapping[str, str] = {"zh": "云杉生活", "en": "Spruce Living"}
GREEN = "#1d6b4f"
"""The shop's colour; the product's own is blue."""
LABELS = {
    "wechat": "云杉生活 公众号",
    "wecom": "云杉生活 微信客服",
    "miniprogram": "云杉生活 小程序",
    "weibo": "云杉生活 微博",
    "telegram": "云杉生活 Telegram",
    "slack": "云杉生活 Slack",
    "webchat": "云杉生活 官网",
    "webhook": "云杉生活 App",
    "qq": "云杉生活 QQ",
    "douyin": "云杉生活 抖音",
    "email": "云杉生活 邮件",
}
LONG_POLL_SECONDS = 20.0
SHOWN = 200
"""How many messages one phone keeps."""


class Said(BaseModel):
    """What a visitor of the demo typed on a phone."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(pattern=r"^[A-Za-z0-9]{4,28}$")
    text: str = Field(min_length=1, max_length=2000)
    subject: str = Field(default="", max_length=200, pattern=r"^[^\r\n]*$")


class Tapped(BaseModel):
    """Which option of which message was tapped."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(pattern=r"^[A-Za-z0-9]{4,28}$")
    number: int = Field(ge=1)
    option: int = Field(ge=0, lt=50)


class FilledIn(BaseModel):
    """What was put into the form on a phone, by the names of its blanks."""

    model_config = ConfigDict(extra="forbid")
    contact: str = Field(pattern=r"^[A-Za-z0-9]{4,28}$")
    filled: dict[str, Annotated[str, Field(max_length=3000)]] = Field(max_length=20)


class Demo:
    """The simulated platforms, their inboxes, and who is looking at which phone."""

    def __init__(self, root: str, clock: Callable[[], datetime], *, mail: bool = True) -> None:
        """Simulate the platforms at `root`, this service's own address.

        Mail is not HTTP: without `mail` there is none, since another process reads it.
        """
        self._root = root
        self.simulators: dict[str, Simulator] = {
            f"demo_{name}": registry.find(name).simulator(f"demo_{name}", clock)
            for name in CHANNELS
            if mail or name != "email"
        }
        for name, simulator in self.simulators.items():
            simulator.enter_address(f"{root}/inboxes/{name}/webhook")
        self._client, self._opened = make_client(), AsyncExitStack()
        for simulator in self.simulators.values():
            simulator.reserve()

    def inboxes(self) -> dict[str, InboxConfig]:
        """Return the demo's inboxes, as if they stood in `config.yaml`."""
        found: dict[str, dict[str, Any]] = {
            name: {
                "channel": simulator.channel,
                "label": LABELS[simulator.channel],
                "base_url": f"{self._root}/demo/platform/{name}",
                **simulator.settings,
            }
            for name, simulator in self.simulators.items()
        }
        found[WEB] = {
            "channel": "webchat",
            "label": LABELS["webchat"],
            "title": dict(SHOP),
            "color": GREEN,
            "suggestions": {
                "zh": ["如何申请退货", "退款多久到账", "转人工"],
                "en": ["How do I return an item?", "How long does a refund take?", "Human please"],
            },
        }
        return {name: inbox(name, settings) for name, settings in found.items()}

    def install(self, app: FastAPI) -> None:
        """Add the page, its API and the simulated platforms to the application."""
        take_routes(app, router)
        app.state.demo = self
        for name, simulator in self.simulators.items():
            app.mount(f"/demo/platform/{name}", simulator.app)

    async def push(self, name: str, push: Push) -> int:
        """Deliver a push to our own webhook over HTTP, as the platform does."""
        url = f"{self._root}/inboxes/{name}/webhook"
        return await self.simulators[name].deliver(self._client, url, push)

    async def open(self) -> None:
        """Open what is not HTTP: the mail provider's two ports."""
        for simulator in self.simulators.values():
            await self._opened.enter_async_context(simulator.serving())

    async def close(self) -> None:
        """Close the platforms."""
        await self._opened.aclose()
        await self._client.aclose()


def with_demo(config: Config, demo: Demo) -> Config:
    """Return the configuration with the demo's inboxes added."""
    return config.model_copy(update={"inboxes": {**config.inboxes, **demo.inboxes()}})


router = APIRouter(include_in_schema=False)


def _demo(request: Request) -> Demo:
    found: Demo = request.app.state.demo
    return found


def _phone(request: Request, name: str) -> Simulator:
    phones = _demo(request).simulators
    if name not in phones:
        raise HTTPException(404, f"no such phone; there are {', '.join([*sorted(phones), WEB])}")
    return phones[name]


@router.get("/demo")
async def page(request: Request) -> Response:
    """Show the phones."""
    phones = {name: found.channel for name, found in _demo(request).simulators.items()}
    return demo_page(request, {**phones, WEB: "webchat"}, SHOP)


@router.post("/demo/{name}/say")
async def say(request: Request, name: str, said: Said) -> Response:
    """Speak as a customer on a phone."""
    simulator = _phone(request, name)
    status = await _demo(request).push(
        name, simulator.letter(said.contact, said.text, said.subject)
    )
    return JSONResponse({"status": status}, 200 if status < 300 else 502)  # noqa: PLR2004 - HTTP


@router.post("/demo/{name}/tap")
async def tap(request: Request, name: str, tapped: Tapped) -> Response:
    """Tap an option on a phone."""
    simulator = _phone(request, name)
    seen = next((s for s in simulator.seen_by(tapped.contact) if s.number == tapped.number), None)
    if seen is None or tapped.option >= len(seen.options):
        return PlainTextResponse("no such option", 422)
    status = await _demo(request).push(name, simulator.tap(seen, tapped.option))
    return JSONResponse({"status": status}, 200 if status < 300 else 502)  # noqa: PLR2004 - HTTP


@router.get("/demo/{name}/form")
async def form(request: Request, name: str, contact: str) -> Response:
    """Give the form that is open on a phone."""
    open_one = _phone(request, name).form_of(contact)
    return JSONResponse({"form": open_one}, headers={"cache-control": "no-store"})


@router.post("/demo/{name}/form")
async def hand_in(request: Request, name: str, told: FilledIn) -> Response:
    """Hand in the form on a phone, and give what is open then: it, if it was not taken."""
    simulator = _phone(request, name)
    if simulator.form_of(told.contact) is None:
        return PlainTextResponse("no form is open", 422)
    status = await _demo(request).push(name, simulator.hand_in(told.contact, told.filled))
    good = status < 300  # noqa: PLR2004 - HTTP
    return JSONResponse({"form": simulator.form_of(told.contact)}, 200 if good else 502)


@router.get("/demo/{name}/screen")
async def screen(
    request: Request, name: str, contact: str, after: int = 0, wait: int = 1
) -> Response:
    """Give what is new on a phone's screen, waiting a while for it."""
    simulator = _phone(request, name)
    seen = simulator.seen_by(contact, after)
    for _ in range(int(LONG_POLL_SECONDS / 0.1) if wait else 0):
        if seen or await request.is_disconnected() or request.app.state.service.stopping:
            break
        await asyncio.sleep(0.1)
        seen = simulator.seen_by(contact, after)
    shown = [
        {
            "number": s.number,
            "from": "us",
            "text": _shown(s),
            "subject": s.subject,
            "options": [list(o) for o in s.options],
            "cards": [card.model_dump(mode="json") for card in s.cards],
        }
        for s in seen[-SHOWN:]
    ]
    return JSONResponse(
        {"messages": shown, "state": "ready"}, headers={"cache-control": "no-store"}
    )


def _shown(seen: Seen) -> str:
    """Return what a phone shows: of a file its name, since the phones only show words."""
    if seen.file is None:
        return seen.text
    return f"{seen.text}\n[{seen.file.name or seen.file.kind}]".strip()
