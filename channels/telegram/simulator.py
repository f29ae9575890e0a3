"""Telegram's side of the wire: the Bot API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Sequence
from html import unescape
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels.base import Clock
from channels.simulation import Push, SeenFile
from channels.telegram.simulated_answers import no, refusal, shaped, yes
from channels.telegram.simulated_customers import SECRET_HEADER, Customers
from channels.telegram.simulated_files import FIELDS, with_files

LONGEST_TEXT, LONGEST_CAPTION, LONGEST_VALUE = 4096, 1024, 64
TAG = re.compile(r"</?b>")
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
Raw = dict[str, Any]


class Simulator(Customers):
    """One simulated bot, by webhook or polling; faults hit every call but getUpdates."""

    def __init__(self, inbox: str, clock: Clock, *, transport: str = "webhook") -> None:
        super().__init__(inbox, clock)
        self.transport = transport
        self.webhook = ""
        self.acknowledged: set[str] = set()
        """The taps whose button has stopped waiting."""
        self.typed: list[str] = []
        """Who saw us write, once for each time."""
        self.takes_markup = True
        """False: Telegram finds fault with any markup."""
        self.hears_all = False
        """True: the bot's privacy mode is off."""
        self.failed_call: tuple[int, str] | None = None
        """When a call to the webhook failed last, and how."""
        self.told: list[str] = []
        """Which kinds of updates are told of; none: the usual ones."""
        self.quoted: list[str | None] = []
        """The customers' messages that ours quoted, in order."""
        self._pending: list[Raw] = []
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._methods: dict[str, Callable[[Raw], Response]] = {
            "getme": self._get_me,
            "getwebhookinfo": self._get_webhook_info,
            "sendmessage": self._send_message,
            "sendchataction": self._send_chat_action,
            "answercallbackquery": self._answer_callback_query,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._set_webhook,
            "getfile": self._cabinet.find,
            **{f"send{name}": self._send_file for name in FIELDS},
        }

    @property
    def settings(self) -> dict[str, Any]:
        """Return what connects the adapter to this bot."""
        return {"bot_token": self.token, "secret_token": self.secret, "transport": self.transport}

    @property
    def app(self) -> ASGIApp:
        """Return the Bot API."""
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._call, methods=["POST"]),
                Route("/file/bot{token}/documents/{number}", self._give),
            ]
        )

    def offer(self, push: Push) -> None:
        """Put an update where getUpdates finds it."""
        self._pending.append(json.loads(push.body))
        for loop, event in tuple(self._waiting):
            loop.call_soon_threadsafe(event.set)

    def enter_address(self, url: str) -> None:
        """Call there, unless the bot polls."""
        if self.transport == "webhook":
            self.webhook = url

    async def deliver(self, client: httpx.AsyncClient, url: str, push: Push) -> int:
        """Call the webhook, or keep the update for whoever polls."""
        if self.transport == "webhook":
            return await super().deliver(client, url, push)
        if push.headers.get(SECRET_HEADER) != self.secret:
            return 403
        self.offer(push)
        return 200

    def answered(self, push: Push, body: bytes) -> None:
        """Do what the answer to a webhook call asks for, as Telegram does."""
        if body:
            asked = json.loads(body)
            self._methods[asked["method"].lower()](asked)

    async def _call(self, request: HttpRequest) -> Response:
        if request.path_params["token"] != self.token:
            return no(401)
        method = request.path_params["method"].lower()
        async with request.form() as form:
            told = await with_files(form)
        if method == "getupdates":
            self.calls.append(request.url.path)
            return await self._get_updates(told)
        hit = await self.fault(request)
        if hit and not hit.after_work:
            return shaped(hit)
        work = self._methods.get(method)
        done = work(told) if work else no(404)
        return shaped(hit) if hit else done

    async def _get_updates(self, form: Raw) -> Response:
        """Forget what is below the offset, then wait until there is something, or time is up."""
        if self.webhook:
            return no(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, limit = int(form.get("offset", 0)), int(form.get("limit", 100))
        self._pending = [update for update in self._pending if update["update_id"] >= offset]
        if not self._pending:
            waiter = (asyncio.get_running_loop(), asyncio.Event())
            self._waiting.add(waiter)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter[1].wait(), float(form.get("timeout", 0)))
            self._waiting.discard(waiter)
        return yes(self._pending[:limit])

    async def _give(self, request: HttpRequest) -> Response:
        if request.path_params["token"] != self.token:
            return no(401)
        hit = await self.fault(request)
        return shaped(hit) if hit else self._cabinet.give(request)

    def _send_file(self, form: Raw) -> Response:
        file, caption = form["file"], str(form.get("caption", ""))
        if refused := self._refused(form):
            return refused
        if _units(caption) > LONGEST_CAPTION:
            return no(400, "Bad Request: message caption is too long")
        return self._arrived(form, caption, (), file)

    def _get_me(self, form: Raw) -> Response:
        return yes({**self._me(), "can_read_all_group_messages": self.hears_all})

    def _get_webhook_info(self, form: Raw) -> Response:
        told: Raw = {"url": self.webhook, "has_custom_certificate": False}
        told["pending_update_count"] = len(self._pending)
        if self.failed_call is not None:
            told["last_error_date"], told["last_error_message"] = self.failed_call
        return yes({**told, "allowed_updates": self.told} if self.told else told)

    def _set_webhook(self, form: Raw) -> Response:
        self.webhook = str(form.get("url", ""))
        return yes(result=True)

    def _answer_callback_query(self, form: Raw) -> Response:
        tap = str(form["callback_query_id"])
        if tap not in self.taps:
            return no(400, TOO_OLD)
        self.acknowledged.add(tap)
        return yes(result=True)

    def _send_chat_action(self, form: Raw) -> Response:
        contact = self._names.get(int(form["chat_id"]))
        if contact is None:
            return no(400, "Bad Request: chat not found")
        self.typed.append(contact)
        return yes(result=True)

    def _send_message(self, form: Raw) -> Response:
        keyboard = json.loads(form.get("reply_markup", "{}")).get("inline_keyboard", [])
        options = [(one["callback_data"], one["text"]) for row in keyboard for one in row]
        if refused := self._refused(form):
            return refused
        text = self._read(form)
        if text is None:
            return no(400, "Bad Request: can't parse entities: find end of the entity")
        if not text.strip():
            return no(400, "Bad Request: message text is empty")
        if _units(text) > LONGEST_TEXT:
            return no(400, "Bad Request: message is too long")
        if any(not 0 < len(value.encode()) <= LONGEST_VALUE for value, _ in options):
            return no(400, "Bad Request: BUTTON_DATA_INVALID")
        return self._arrived(form, text, options)

    def _read(self, form: Raw) -> str | None:
        """Return a text without its markup, None if that is not sound."""
        text = str(form.get("text", ""))
        if form.get("parse_mode") != "HTML":
            return text
        bare = TAG.sub("", text)
        sound = text.count("<b>") == text.count("</b>") and not set("<>") & set(bare)
        return unescape(bare) if sound and self.takes_markup else None

    def _refused(self, form: Raw) -> Response | None:
        chat = int(form["chat_id"])
        if chat in self.moved:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            return shaped(refusal(400, said, migrate_to_chat_id=self.moved[chat]))
        contact = self._names.get(chat)
        if contact is None:
            return no(400, "Bad Request: chat not found")
        return no(403) if contact in self.blocked else None

    def _arrived(
        self,
        form: Raw,
        text: str,
        options: Sequence[tuple[str, str]],
        file: SeenFile | None = None,
    ) -> Response:
        contact = self._names[int(form["chat_id"])]
        quoted = json.loads(form.get("reply_parameters", "{}")).get("message_id")
        self.quoted.append(None if quoted is None else str(quoted))
        message = {**self._envelope(contact), "from": self._me()}
        if text:
            message["caption" if file else "text"] = text
        self.show(contact, text, options, str(message["message_id"]), file)
        return yes(message)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
