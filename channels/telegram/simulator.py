"""Telegram's side of the wire: the Bot API, and customers who write, tap and block."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels.base import Clock
from channels.files import Kind
from channels.simulation import Push, Seen
from channels.simulation import Simulator as Simulated
from channels.telegram.simulated_answers import no, shaped, yes
from channels.telegram.simulated_files import FIELDS, Cabinet, with_files

LONGEST_TEXT, LONGEST_VALUE = 4096, 64
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
Raw = dict[str, Any]


class Simulator(Simulated):
    """One simulated bot, by webhook or polling; faults hit every call but getUpdates."""

    channel = "telegram"
    can_be_stale = False

    def __init__(self, inbox: str, clock: Clock, *, transport: str = "webhook") -> None:
        super().__init__(inbox, clock)
        digest = hashlib.sha256(inbox.encode())
        self.bot_id = 7_000_000_000 + int.from_bytes(digest.digest()[:3], "big")
        self.token = f"{self.bot_id}:AA{digest.hexdigest()[:33]}"
        self.secret = digest.hexdigest()[33:]
        self.transport = transport
        self.webhook = ""
        self.blocked: set[str] = set()
        self.acknowledged: set[str] = set()
        """The taps whose button has stopped waiting."""
        self.typed: list[str] = []
        """Who saw us write, once for each time."""
        self._names: dict[int, str] = {}
        self._updates = int(clock().timestamp()) * 100  # above those of an earlier run
        self._messages = 0
        self._pending: list[Raw] = []
        self._cabinet = Cabinet()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._methods: dict[str, Callable[[Raw], Response]] = {
            "getme": self._get_me,
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

    def say(self, contact: str, text: str) -> Push:
        """Return the update of a customer's text."""
        return self._push(contact, message={**self._envelope(contact), "text": text})

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the update of a customer's file."""
        file = self._cabinet.keep(kind, content, name)
        return self._push(contact, message={**self._envelope(contact), **file})

    def forget_files(self) -> None:
        """Lose every file that customers sent."""
        self._cabinet.forget()

    def start(self, contact: str, payload: str = "") -> Push:
        """Return the update of somebody who pressed Start, perhaps after a deep link."""
        return self.say(contact, f"/start {payload}".strip())

    def edit(self, contact: str, message_id: int, text: str) -> Push:
        """Return the update of a customer who changed what was said."""
        changed = {**self._envelope(contact), "message_id": message_id, "text": text}
        return self._push(contact, edited_message={**changed, "edit_date": changed["date"]})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the update of a tapped button; without buttons, of its number as text."""
        if not seen.options:
            return self.say(seen.contact, str(option + 1))
        asked = {
            **self._envelope(seen.contact),
            "message_id": int(seen.platform_id or 0),
            "from": self._me(),
            "text": seen.text,
            "reply_markup": _keyboard(seen.options),
        }
        query = {
            "id": f"4{self._updates}",
            "from": self._person(seen.contact),
            "chat_instance": "-1",
            "message": asked,
            "data": seen.options[option][0],
        }
        return self._push(seen.contact, callback_query=query)

    def block(self, contact: str) -> Push:
        """Let a customer block the bot, and return the update that says so."""
        self.blocked.add(contact)
        return self._member(contact, "member", "kicked")

    def unblock(self, contact: str) -> Push:
        """Let a customer come back, and return the update that says so."""
        self.blocked.discard(contact)
        return self._member(contact, "kicked", "member")

    def garbage(self, contact: str) -> Push:
        """Return an update that no version of us can read."""
        return self._push(contact, message={"message_id": "x", "chat": 5, "gift": {"id": None}})

    def forged(self, contact: str, text: str) -> Push:
        """Return an update with a guessed secret."""
        push = self.say(contact, text)
        return push.changed(headers={**push.headers, SECRET_HEADER: "guessed"})

    def offer(self, push: Push) -> None:
        """Put an update where getUpdates finds it."""
        self._pending.append(json.loads(push.body))
        for loop, event in tuple(self._waiting):
            loop.call_soon_threadsafe(event.set)

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

    def _push(self, contact: str, **content: Raw) -> Push:
        self._updates += 1
        update = {"update_id": self._updates, **content}
        return Push(
            contact,
            headers={"content-type": "application/json", SECRET_HEADER: self.secret},
            body=json.dumps(update, ensure_ascii=False).encode(),
        )

    def _member(self, contact: str, before: str, after: str) -> Push:
        changed = {
            "chat": self._chat(contact),
            "from": self._person(contact),
            "date": int(self.clock().timestamp()),
            "old_chat_member": {"user": self._me(), "status": before},
            "new_chat_member": {"user": self._me(), "status": after},
        }
        return self._push(contact, my_chat_member=changed)

    def _envelope(self, contact: str) -> Raw:
        self._messages += 1
        return {
            "message_id": self._messages,
            "from": self._person(contact),
            "chat": self._chat(contact),
            "date": int(self.clock().timestamp()),
        }

    def _number(self, contact: str) -> int:
        if contact.isascii() and contact.isdigit():
            number = int(contact)
        else:
            number = 10**12 + int.from_bytes(hashlib.sha256(contact.encode()).digest()[:4], "big")
        self._names[number] = contact
        return number

    def _person(self, contact: str) -> Raw:
        return {
            "id": self._number(contact),
            "is_bot": False,
            "first_name": contact,
            "language_code": "zh-hans",
        }

    def _chat(self, contact: str) -> Raw:
        return {"id": self._number(contact), "first_name": contact, "type": "private"}

    def _me(self) -> Raw:
        username = f"{self.inbox}_bot"
        return {"id": self.bot_id, "is_bot": True, "first_name": "Bot", "username": username}

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
        contact, file = self._names.get(int(form["chat_id"])), form["file"]
        if contact is None or contact in self.blocked:
            return no(403) if contact else no(400, "Bad Request: chat not found")
        message = {**self._envelope(contact), "from": self._me()}
        self.show(contact, "", (), str(message["message_id"]), file)
        return yes(message)

    def _get_me(self, form: Raw) -> Response:
        return yes(self._me())

    def _set_webhook(self, form: Raw) -> Response:
        self.webhook = str(form.get("url", ""))
        return yes(result=True)

    def _answer_callback_query(self, form: Raw) -> Response:
        self.acknowledged.add(str(form["callback_query_id"]))
        return yes(result=True)

    def _send_chat_action(self, form: Raw) -> Response:
        contact = self._names.get(int(form["chat_id"]))
        if contact is None:
            return no(400, "Bad Request: chat not found")
        self.typed.append(contact)
        return yes(result=True)

    def _send_message(self, form: Raw) -> Response:
        contact, text = self._names.get(int(form["chat_id"])), str(form.get("text", ""))
        keyboard = json.loads(form.get("reply_markup", "{}")).get("inline_keyboard", [])
        options = [(one["callback_data"], one["text"]) for row in keyboard for one in row]
        if contact is None:
            return no(400, "Bad Request: chat not found")
        if contact in self.blocked:
            return no(403)
        if not text.strip():
            return no(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > LONGEST_TEXT:
            return no(400, "Bad Request: message is too long")
        if any(not 0 < len(value.encode()) <= LONGEST_VALUE for value, _ in options):
            return no(400, "Bad Request: BUTTON_DATA_INVALID")
        message = {**self._envelope(contact), "from": self._me(), "text": text}
        self.show(contact, text, options, str(message["message_id"]))
        return yes(message)


def _keyboard(options: tuple[tuple[str, str], ...]) -> Raw:
    return {"inline_keyboard": [[{"text": label, "callback_data": v}] for v, label in options]}
