"""Slack's Web API, simulated: what our app calls, and what its customers see of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from channels.base import Clock
from channels.simulation import Simulator as AnySimulator
from channels.simulation import answer_with
from channels.slack.ills import NEEDED, USEFUL
from channels.slack.markup import unescape
from channels.slack.shape import branch, twigs, word
from channels.slack.simulated_files import Cabinet
from channels.slack.simulated_line import Line
from channels.slack.simulated_rules import (
    JSON,
    answer,
    buttons_of,
    no,
    token_error,
    user_of,
    wrong_with,
    wrong_with_view,
)

TEAM = "T0SIMULATED"
BOT_USER, BOT_ID = "U0BOT", "B0BOT"
PUBLIC = "C0PUBLIC"
MOST_ANSWERS = 5

Form = dict[str, Any]
Work = Callable[[Form], Response]


class Workspace(AnySimulator):
    """One simulated workspace with our app in it."""

    channel = "slack"
    busy = b'{"ok":false,"error":"service_unavailable"}'

    def __init__(self, inbox: str, clock: Clock, *, transport: str = "http") -> None:
        super().__init__(inbox, clock)
        self.transport = transport
        self.bot_token = f"xoxb-simulated-{inbox}"
        self.app_token = f"xapp-simulated-{inbox}"
        self.signing_secret = f"simulated-signing-secret-{inbox}"
        self.root = "https://slack.com"
        """Where this is served, once anybody called."""
        self.line = Line()
        self.cabinet = Cabinet(self.bot_token)
        self.scopes = [*NEEDED, *USEFUL]
        """What the app may do."""
        self.posts: dict[str, Form] = {}
        """What was posted, by its time stamp."""
        self.views: dict[str, tuple[str, Mapping[str, Any]]] = {}
        """Forms that are open, by their id: before whom, and what is in them."""
        self.wrong: dict[str, Mapping[str, str]] = {}
        """What was said below the blanks of the form that somebody handed in last."""
        self.triggers: dict[str, str] = {}
        """What a form can be opened with, and before whom."""
        self.places: dict[str, tuple[str, int]] = {}
        """Where a command can be answered: before whom, and how often it was."""
        self.locales: dict[str, str] = {}
        """In what language who uses Slack."""
        self._contacts: dict[str, str] = {}
        """Who reads a direct conversation or a thread."""
        self._count = 0

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account, besides `channel` and `base_url`."""
        return {
            "bot_token": self.bot_token,
            "signing_secret": self.signing_secret,
            "transport": self.transport,
            "app_token": self.app_token,
        }

    @property
    def app(self) -> ASGIApp:
        """Slack's Web API, its files, and the end of its sockets."""
        methods: dict[str, Work] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "conversations.open": self._open,
            "files.getUploadURLExternal": lambda form: self.cabinet.lend(self.root, form),
            "files.completeUploadExternal": self._share,
            "files.info": lambda form: self.cabinet.about(self.root, form),
            "views.open": self._show_form,
            "users.info": self._user,
        }
        return Starlette(
            routes=[
                *(
                    Route(f"/api/{name}", self._method(work), methods=["GET", "POST"])
                    for name, work in methods.items()
                ),
                Route("/api/apps.connections.open", self._open_connection, methods=["POST"]),
                Route("/commands/{number}", self._answer_command, methods=["POST"]),
                *(
                    Route(route.path, self._faulty(route.endpoint), methods=route.methods)
                    for route in self.cabinet.routes
                ),
                WebSocketRoute("/link", self.line.serve),
            ]
        )

    def direct(self, contact: str) -> str:
        """Return the direct conversation with somebody, which begins with them."""
        channel = f"D{user_of(contact)[1:]}"
        self._contacts[channel] = self._contacts[user_of(contact)] = contact
        return channel

    def stamp(self) -> str:
        """Return a time stamp that none had before."""
        self._count += 1
        return f"{int(self.clock().timestamp())}.{self._count:06d}"

    def _method(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            self.root = str(request.base_url).rstrip("/")
            if (error := token_error(request, self.bot_token)) is not None:
                return error
            return work(await _form_of(request))

        return self._faulty(serve)

    def _faulty(
        self, work: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            hit = await self.fault(request)
            if hit is not None and not hit.after_work:
                return answer_with(hit)
            done = await work(request)
            return done if hit is None else answer_with(hit)

        return serve

    async def _open_connection(self, request: Request) -> Response:
        if (hit := await self.fault(request)) is not None:
            return answer_with(hit)
        if (error := token_error(request, self.app_token)) is not None:
            return error
        root = request.base_url.replace(scheme="wss" if request.url.scheme == "https" else "ws")
        return answer(url=f"{root}link?ticket=simulated")

    def _reader(self, channel: str, thread_ts: str) -> str | None:
        """Return who reads there, None if there is no such place."""
        thread = f"{channel}:{thread_ts}".rstrip(":")
        found = self._contacts.get(thread) or self._contacts.get(channel)
        return found or (PUBLIC if channel == PUBLIC else None)

    def _post(self, post: Form) -> Response:
        channel = word(post, "channel")
        contact = self._reader(channel, word(post, "thread_ts"))
        if contact is None:
            return no("channel_not_found")
        if (wrong := wrong_with(post)) is not None:
            return no(wrong)
        ts = self._appear(contact, post)
        return answer(channel=channel, ts=ts, message={"text": word(post, "text"), "ts": ts})

    def _appear(self, contact: str, post: Form) -> str:
        ts = self.stamp()
        self.posts[ts] = post
        options = [(word(each, "value"), word(each, "text", "text")) for each in buttons_of(post)]
        self.show(contact, unescape(word(post, "text")), options, ts)
        return ts

    def _auth_test(self, _form: Form) -> Response:
        told = answer(user_id=BOT_USER, bot_id=BOT_ID, team_id=TEAM, team="Simulated")
        told.headers["x-oauth-scopes"] = ",".join(self.scopes)
        return told

    def _user(self, form: Form) -> Response:
        if "users:read" not in self.scopes:
            return no("missing_scope")
        user = word(form, "user")
        told = {"locale": self.locales.get(user, "en-US")} if word(form, "include_locale") else {}
        return answer(user={"id": user, **told})

    def _open(self, form: Form) -> Response:
        contact = self._contacts.get(word(form, "users"))
        if contact is None:
            return no("user_not_found")
        return answer(channel={"id": self.direct(contact)})

    def _share(self, form: Form) -> Response:
        files = twigs({"files": json.loads(word(form, "files") or "[]")}, "files")
        ids = [word(each, "id") for each in files]
        contact = self._reader(word(form, "channel_id"), word(form, "thread_ts"))
        if contact is None or word(form, "channel_id").startswith("U"):
            return no("channel_not_found")
        if not ids or not all(number in self.cabinet.uploaded for number in ids):
            return no("file_not_found")
        for number in ids:
            self.show(contact, "", (), self.stamp(), self.cabinet.uploaded[number])
        return answer(files=[{"id": number} for number in ids])

    def _show_form(self, form: Form) -> Response:
        contact = self.triggers.pop(word(form, "trigger_id"), None)
        if contact is None:
            return no("expired_trigger_id")
        view = branch(form, "view")
        if (wrong := wrong_with_view(view)) is not None:
            return no(wrong)
        number = f"V0SIM{len(self.views):05}"
        self.views[number] = contact, view
        return answer(view={"id": number, **view})

    async def _answer_command(self, request: Request) -> Response:
        hit = await self.fault(request)
        if hit is not None and not hit.after_work:
            return answer_with(hit)
        number, said = request.path_params["number"], await _form_of(request)
        contact, times = self.places.get(number, ("", MOST_ANSWERS))
        if times >= MOST_ANSWERS:
            return Response('{"ok":false,"error":"used_url"}', 404, media_type=JSON)
        if (wrong := wrong_with(said)) is not None:
            return Response(json.dumps({"ok": False, "error": wrong}), 400, media_type=JSON)
        self.places[number] = contact, times + 1
        self._appear(contact, {**said, "channel": PUBLIC, "ephemeral": True})
        return PlainTextResponse("ok") if hit is None else answer_with(hit)


async def _form_of(request: Request) -> Form:
    asked = dict(request.query_params)
    if request.headers.get("content-type", "").startswith(JSON):
        return {**asked, **await request.json()}
    async with request.form() as form:
        return {**asked, **form}
