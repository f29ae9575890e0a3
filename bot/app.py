"""The composition root: puts the service, the console and the demo into one application."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI

from bot import answer_files, chat_files, chat_stream, webchat
from bot.config import Config
from bot.demo import Demo
from bot.service import Role, Service
from bot.web import make_app
from console import app as console
from console.services import Services


def compose(config: Config, clock: Callable[[], datetime], role: Role = "all") -> FastAPI:
    """Return the whole product as one web application; a worker's only tells how it is."""
    demo = Demo(config.root, clock, mail=role == "all") if config.shows_demo else None
    service = Service(config, clock, demo, role)

    def mount(app: FastAPI) -> None:
        rooms = (webchat, chat_stream, chat_files, answer_files)
        console.take_routes(app, *(room.router for room in rooms))
        services = Services(
            db=service.db,
            knowledge=service.knowledge,
            live=service.live,
            clock=clock,
            inboxes=service.states,
            folder=service.folder,
            secure=(config.public_url or "").startswith("https://"),
            demo=demo is not None,
            chats=service.brand,
            check=service.health.check,
            reports=service.health.reports,
            show_typing=service.composing.show,
            publishers=frozenset(config.publishers),
            rehearsals=service.rehearsals,
            files_at=config.files_at,
        )
        console.install(app, services)
        if demo is not None:
            demo.install(app)

    return make_app(service, mount if service.serves else None, {"messages": webchat.say})
