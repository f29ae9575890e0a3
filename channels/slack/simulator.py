"""Slack's side of the wire: customers who write, tap, command and fill in, and signed calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from channels.files import Kind
from channels.simulation import Push, Seen
from channels.slack.markup import escape
from channels.slack.shape import twigs, word
from channels.slack.simulated_api import BOT_USER, PUBLIC, TEAM, Workspace
from channels.slack.simulated_rules import JSON, buttons_of, sign, user_of

__all__ = ["BOT_USER", "PUBLIC", "TEAM", "Simulator"]

FORM = "application/x-www-form-urlencoded"
ACK_TIMEOUT = 6.0
COMMAND = "/yingda"


class Simulator(Workspace):
    """One simulated workspace with our app and its customers in it."""

    def say(self, contact: str, text: str) -> Push:
        """Return the push for a direct message; Slack itself makes a command of what is one."""
        if text.startswith(COMMAND):
            return self.command(contact, COMMAND, text.removeprefix(COMMAND).strip())
        return self._event(contact, {"type": "message", **self._message(contact, escape(text))})

    def mention(self, contact: str, text: str, kind: str = "app_mention") -> Push:
        """Return the push for a post in a channel that calls the bot; `kind` is the event."""
        message = self._message(contact, f"<@{BOT_USER}> {escape(text)}")
        self._contacts[f"{PUBLIC}:{message['ts']}"] = contact
        return self._event(
            contact, {"type": kind, **message, "channel": PUBLIC, "channel_type": "channel"}
        )

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the push for a file in the direct conversation."""
        file = self.cabinet.keep(self.root, kind, content, name)
        shared = {"type": "message", "subtype": "file_share", "files": [file]}
        return self._event(contact, {**self._message(contact, ""), **shared})

    def forget_files(self) -> None:
        """Lose what customers sent."""
        self.cabinet.forget()

    def edit(self, said: Push, text: str) -> Push:
        """Return the push for putting a direct message in other words."""
        before = json.loads(said.body)["event"]
        return self._changed(
            said, {"subtype": "message_changed", "message": {**before, "text": escape(text)}}
        )

    def take_back(self, said: Push) -> Push:
        """Return the push for deleting a direct message."""
        ts = json.loads(said.body)["event"]["ts"]
        return self._changed(said, {"subtype": "message_deleted", "deleted_ts": ts})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the push for tapping a button of a post."""
        post, ts = self.posts[seen.platform_id or ""], seen.platform_id
        fleeting = post.get("ephemeral") is True
        container: dict[str, Any] = {
            "type": "message",
            "message_ts": ts,
            "channel_id": post["channel"],
            "is_ephemeral": fleeting,
        }
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user_of(seen.contact), "name": seen.contact, "team_id": TEAM},
            "container": container,
            "channel": {"id": post["channel"]},
            "message": {"ts": ts, "thread_ts": word(post, "thread_ts")},
            "actions": [{**buttons_of(post)[option], "block_id": "b1", "action_ts": self.stamp()}],
            **self._chances(seen.contact),
        }
        return self._interaction(seen.contact, payload)

    def command(
        self, contact: str, command: str, text: str = "", *, channel: str | None = None
    ) -> Push:
        """Return the push for a slash command, in the direct conversation if not elsewhere."""
        direct = self.direct(contact)
        fields = {
            "command": command,
            "text": escape(text),
            "team_id": TEAM,
            "user_id": user_of(contact),
            "user_name": contact,
            "channel_id": channel or direct,
            **self._chances(contact),
        }
        return self._signed(contact, urlencode(fields), FORM)

    def shortcut(self, contact: str, callback_id: str) -> Push:
        """Return the push for a global shortcut."""
        self.direct(contact)
        payload = {
            "type": "shortcut",
            "team": {"id": TEAM},
            "user": {"id": user_of(contact), "team_id": TEAM},
            "callback_id": callback_id,
            "trigger_id": self._chances(contact)["trigger_id"],
        }
        return self._interaction(contact, payload)

    def submit(self, contact: str, **filled: str) -> Push:
        """Return the push for handing in the form that was opened last before somebody.

        A blank is filled in by its name; where there are options, by what one of them says.
        """
        number = next(n for n, (who, _) in reversed(self.views.items()) if who == contact)
        view = self.views[number][1]
        values = {
            word(block, "block_id"): {"said": _filled(block, filled.get(word(block, "block_id")))}
            for block in twigs(view, "blocks")
        }
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user_of(contact), "name": contact, "team_id": TEAM},
            "trigger_id": self.stamp(),
            "view": {"id": number, **view, "state": {"values": values}},
        }
        return self._interaction(contact, payload)

    def form_of(self, contact: str) -> dict[str, Any] | None:
        """Return the form that is open before somebody, and what is wrong in it."""
        number = next((n for n, (who, _) in reversed(self.views.items()) if who == contact), None)
        if number is None:
            return None
        view = self.views[number][1]
        told = {part: word(view, part, "text") for part in ("title", "submit", "close")}
        blanks = [_blank(block) for block in twigs(view, "blocks")]
        return {"id": number, **told, "blanks": blanks, "wrong": self.wrong.get(contact, {})}

    def hand_in(self, contact: str, filled: Mapping[str, str]) -> Push:
        """Return the push for handing in the form that is open before somebody."""
        return self.submit(contact, **{name: value for name, value in filled.items() if value})

    def answered(self, push: Push, body: bytes) -> None:
        """Show what the answer to a command says only to who gave it; close a form, or not."""
        if push.headers.get("Content-Type") != FORM:
            return
        said = json.loads(body or b"{}")
        if b"view_submission" in push.body:
            self.wrong[push.contact] = said.get("errors", {})
            if not self.wrong[push.contact]:
                self.views = {n: v for n, v in self.views.items() if v[0] != push.contact}
        if said.get("response_type") == "ephemeral":
            self._appear(push.contact, {**said, "channel": PUBLIC, "ephemeral": True})

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

    def signed(self, contact: str, body: bytes) -> Push:
        """Return a rightly signed push of any content, which is JSON or a form."""
        is_json = body.lstrip()[:1] in (b"{", b"[", b'"')
        return self._signed(contact, body.decode(), JSON if is_json else FORM)

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
        self.answered(push, json.dumps(self.line.answers.get(envelope_id) or {}).encode())
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
            {
                "type": kind,
                "envelope_id": envelope_id,
                "payload": payload or fields,
                "accepts_response_payload": kind != "events_api",
            }
        )
        return envelope_id

    def _message(self, contact: str, text: str) -> dict[str, Any]:
        where = {"channel": self.direct(contact), "channel_type": "im"}
        return {"user": user_of(contact), "text": text, "ts": self.stamp(), "team": TEAM, **where}

    def _changed(self, said: Push, change: Mapping[str, Any]) -> Push:
        before = json.loads(said.body)["event"]
        where = {"channel": before["channel"], "channel_type": before["channel_type"]}
        event = {"type": "message", "previous_message": before, **where, "ts": self.stamp()}
        return self._event(said.contact, {**event, **change, "hidden": True})

    def _chances(self, contact: str) -> dict[str, str]:
        """Return what lets the app open a form, and answer where its customer is."""
        trigger, number = self.stamp(), f"{len(self.places)}"
        self.triggers[trigger] = contact
        self.places[number] = contact, 0
        return {"trigger_id": trigger, "response_url": f"{self.root}/commands/{number}"}

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

    def _interaction(self, contact: str, payload: Mapping[str, Any]) -> Push:
        return self._signed(contact, urlencode({"payload": json.dumps(payload)}), FORM)

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


def _filled(block: Mapping[str, Any], value: str | None) -> dict[str, Any]:
    element = block["element"]
    if element["type"] != "static_select":
        return {"type": element["type"], "value": value}
    chosen = (each for each in element["options"] if each["text"]["text"] == value)
    return {"type": element["type"], "selected_option": next(chosen, None)}


def _blank(block: Mapping[str, Any]) -> dict[str, Any]:
    element = block["element"]
    return {
        "name": word(block, "block_id"),
        "label": word(block, "label", "text"),
        "optional": block.get("optional") is True,
        "options": [word(each, "text", "text") for each in twigs(element, "options")],
        "long": element.get("multiline") is True,
        "value": word(element, "initial_value"),
    }
