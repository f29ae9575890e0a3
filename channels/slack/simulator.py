"""Slack's side of the wire: its Web API, its signed calls, its sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp

from channels.base import Clock
from channels.simulation import Push, Seen, answer_with
from channels.simulation import Simulator as AnySimulator
from channels.slack.markup import escape, unescape
from channels.slack.shape import word
from channels.slack.simulated_line import Line
from channels.slack.simulated_rules import (
    JSON,
    answer,
    buttons_of,
    no,
    sign,
    token_error,
    user_of,
    wrong_with,
)

TEAM = "T0SIMULATED"
BOT_USER, BOT_ID = "U0BOT", "B0BOT"
PUBLIC = "C0PUBLIC"
FORM = "application/x-www-form-urlencoded"
ACK_TIMEOUT = 6.0


class Simulator(AnySimulator):
    """One simulated workspace with our app in it."""

    channel = "slack"

    def __init__(self, inbox: str, clock: Clock, *, transport: str = "http") -> None:
        super().__init__(inbox, clock)
        self.transport = transport
        self.bot_token = f"xoxb-simulated-{inbox}"
        self.app_token = f"xapp-simulated-{inbox}"
        self.signing_secret = f"simulated-signing-secret-{inbox}"
        self.line = Line()
        self.posts: dict[str, dict[str, Any]] = {}
        """What was posted, by its time stamp."""
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
        """Slack's Web API and the end of its sockets."""
        return Starlette(
            routes=[
                Route("/api/auth.test", self._auth_test, methods=["POST"]),
                Route("/api/chat.postMessage", self._post_message, methods=["POST"]),
                Route("/api/apps.connections.open", self._open_connection, methods=["POST"]),
                WebSocketRoute("/link", self.line.serve),
            ]
        )

    def say(self, contact: str, text: str) -> Push:
        """Return the push for a direct message."""
        message = self._message(contact, escape(text))
        where = {"channel": self._direct(contact), "channel_type": "im"}
        return self._event(contact, {"type": "message", **message, **where})

    def mention(self, contact: str, text: str, kind: str = "app_mention") -> Push:
        """Return the push for a post in a channel that calls the bot; `kind` is the event."""
        message = self._message(contact, f"<@{BOT_USER}> {escape(text)}")
        self._contacts[f"{PUBLIC}:{message['ts']}"] = contact
        return self._event(contact, {"type": kind, **message, "channel": PUBLIC})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the push for tapping a button of a post."""
        post, ts = self.posts[seen.platform_id or ""], seen.platform_id
        button = buttons_of(post)[option]
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user_of(seen.contact), "name": seen.contact, "team_id": TEAM},
            "container": {"type": "message", "message_ts": ts, "channel_id": post["channel"]},
            "channel": {"id": post["channel"]},
            "message": {"ts": ts, "thread_ts": word(post, "thread_ts")},
            "actions": [{**button, "block_id": "b1", "action_ts": self._ts()}],
            "trigger_id": self._ts(),
        }
        return self._signed(seen.contact, urlencode({"payload": json.dumps(payload)}), FORM)

    def command(self, contact: str, command: str, text: str = "") -> Push:
        """Return the push for a slash command in the direct conversation."""
        fields = {
            "command": command,
            "text": escape(text),
            "team_id": TEAM,
            "user_id": user_of(contact),
            "user_name": contact,
            "channel_id": self._direct(contact),
            "trigger_id": self._ts(),
        }
        return self._signed(contact, urlencode(fields), FORM)

    def garbage(self, contact: str) -> Push:
        """Return a push with a good signature and senseless content."""
        return self._signed(contact, '{"type":"event_callback","event":{"type":"mess')

    def forged(self, contact: str, text: str) -> Push:
        """Return a push whose signature is wrong."""
        good = self.say(contact, text)
        return good.changed(headers={**good.headers, "X-Slack-Signature": f"v0={'0' * 64}"})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed push from an hour ago."""
        body = self.say(contact, text).body.decode()
        return self._signed(contact, body, age=timedelta(hours=1))

    async def deliver(self, client: httpx.AsyncClient, url: str, push: Push) -> int:
        """Post a push, or send it over the socket and wait for its acknowledgement."""
        if self.transport == "http":
            return await super().deliver(client, url, push)
        envelope_id = await self.enqueue(push)
        try:
            async with asyncio.timeout(ACK_TIMEOUT):
                await self.line.until_acknowledged(envelope_id)
        except TimeoutError:
            return 504
        return 200

    async def enqueue(self, push: Push) -> str:
        """Put a push into an envelope for the socket; return the envelope's id."""
        body = push.body.decode()
        is_json = push.headers["Content-Type"] == JSON
        fields = {} if is_json else dict(httpx.QueryParams(body).items())
        payload = json.loads(body) if is_json else json.loads(fields.get("payload", "null"))
        self._count += 1
        envelope_id = f"envelope-{self._count}"
        kind = "events_api" if is_json else "interactive" if payload else "slash_commands"
        await self.line.hand_out(
            {"type": kind, "envelope_id": envelope_id, "payload": payload or fields}
        )
        return envelope_id

    def _message(self, contact: str, text: str) -> dict[str, Any]:
        return {"user": user_of(contact), "text": text, "ts": self._ts(), "team": TEAM}

    def _event(self, contact: str, event: Mapping[str, Any]) -> Push:
        self._count += 1
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": f"Ev{self._count:010d}",
            "event_time": int(self.clock().timestamp()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
            "event": event,
        }
        return self._signed(contact, json.dumps(body))

    def _signed(
        self, contact: str, body: str, content_type: str = JSON, age: timedelta = timedelta(0)
    ) -> Push:
        stamp = str(int((self.clock() - age).timestamp()))
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self.signing_secret, stamp, body),
        }
        return Push(contact, headers=headers, body=body.encode())

    def _direct(self, contact: str) -> str:
        channel = f"D{user_of(contact)[1:]}"
        self._contacts[channel] = contact
        self._contacts[user_of(contact)] = contact
        return channel

    def _ts(self) -> str:
        self._count += 1
        return f"{int(self.clock().timestamp())}.{self._count:06d}"

    async def _auth_test(self, request: Request) -> Response:
        if (hit := await self.fault(request)) is not None:
            return answer_with(hit)
        if (error := token_error(request, self.bot_token)) is not None:
            return error
        return answer(user_id=BOT_USER, bot_id=BOT_ID, team_id=TEAM)

    async def _open_connection(self, request: Request) -> Response:
        if (hit := await self.fault(request)) is not None:
            return answer_with(hit)
        if (error := token_error(request, self.app_token)) is not None:
            return error
        root = request.base_url.replace(scheme="wss" if request.url.scheme == "https" else "ws")
        return answer(url=f"{root}link?ticket=simulated")

    async def _post_message(self, request: Request) -> Response:
        hit = await self.fault(request)
        if hit is not None and not hit.after_work:
            return answer_with(hit)
        if (error := token_error(request, self.bot_token)) is not None:
            return error
        is_json = request.headers.get("content-type", "").startswith(JSON)
        posted = self._post(await request.json() if is_json else dict(await request.form()))
        return posted if hit is None else answer_with(hit)

    def _post(self, post: dict[str, Any]) -> Response:
        channel, text = word(post, "channel"), word(post, "text")
        thread = f"{channel}:{word(post, 'thread_ts')}".rstrip(":")
        contact = self._contacts.get(thread) or self._contacts.get(channel)
        if contact is None and channel != PUBLIC:
            return no("channel_not_found")
        if (wrong := wrong_with(post)) is not None:
            return no(wrong)
        ts = self._ts()
        self.posts[ts] = post
        options = [(word(each, "value"), word(each, "text", "text")) for each in buttons_of(post)]
        self.show(contact or PUBLIC, unescape(text), options, ts)
        return answer(channel=channel, ts=ts, message={"text": text, "ts": ts})
