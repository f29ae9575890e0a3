"""Saying something on Slack: posts and files in order, and an answer to a command where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from channels.base import Memory, Sent
from channels.errors import RateLimited, Refused, Unavailable, piece
from channels.files import Files
from channels.message import Address, Media, OutgoingMessage
from channels.slack import media
from channels.slack.config import Meaning
from channels.slack.errands import MOST_ANSWERS, respond, take
from channels.slack.notes import ephemeral
from channels.slack.render import Post, render
from channels.slack.shape import word
from channels.slack.web import ask

SHORT_WAIT = 5.0
"""Seconds that the later pieces of one message wait for Slack's rate limit on the spot."""
PEOPLE = ("U", "W")
"""What the ids of people begin with."""

Uploaded = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: a channel or a person, and a thread in it."""

    channel: str
    thread_ts: str | None
    here: str = field(default="", repr=False)
    """Where its customer just was, if they gave a command there."""

    @classmethod
    def of(cls, address: Address) -> Target:
        """Read it from a thread's name."""
        _, _, place = address.thread.partition(":")
        channel, _, thread_ts = place.partition(":")
        return cls(channel, thread_ts or None)

    @property
    def is_person(self) -> bool:
        """Say whether it is somebody, whose direct conversation is not known."""
        return self.channel.startswith(PEOPLE)


@dataclass(frozen=True, slots=True)
class Poster:
    """Says things as the bot."""

    web: AsyncWebClient = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)
    words: Mapping[str, Meaning]
    root: str
    files: Files | None
    memory: Memory = field(repr=False)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Say every piece in order; return the last post's time stamp, which is its id.

        Files are uploaded before anything is said: what can fail without a trace fails first.
        """
        pieces = render(message.parts)
        if not pieces:
            raise Refused("there is nothing to say in it")
        for each in pieces:
            if isinstance(each, Media):
                await media.look_at(self.files, each)
        ready = [await self._ready(each) for each in pieces]
        target = await self._target(message, ready)
        ts = await self._say(message, target, 0, ready[0])
        for number, one in enumerate(ready[1:], 1):
            with piece(number, len(ready)):
                ts = await self._patiently(message, target, number, one) or ts
        return Sent(ts or None)

    async def ask(self, call: Awaitable[AsyncSlackResponse]) -> Mapping[str, Any]:
        """Make a call for this message alone, which may be repeated."""
        return await ask(call, self._words, repeatable=True)

    @property
    def _words(self) -> Mapping[str, Meaning]:
        # An app that may not send files is no account that is refused.
        return {**self.words, "missing_scope": "refused"}

    async def _ready(self, piece: Post | Media) -> Post | Uploaded:
        if isinstance(piece, Post):
            return piece
        return await media.upload(self.web, self.client, self.ask, self.root, self.files, piece)

    async def _target(self, message: OutgoingMessage, ready: Sequence[Post | Uploaded]) -> Target:
        """Return where it goes; files are not shared with people but in conversations."""
        target = Target.of(message.address)
        if not target.is_person:
            return target
        if all(isinstance(one, Post) for one in ready):
            if len(ready) > MOST_ANSWERS:
                return target
            here = await take(self.memory, message.address.thread)
            return Target(target.channel, target.thread_ts, here)
        opened = await self.ask(self.web.conversations_open(users=target.channel))
        if channel := word(opened, "channel", "id"):
            return Target(channel, target.thread_ts)
        raise Unavailable("Slack opened no conversation with this person")

    async def _patiently(
        self, message: OutgoingMessage, target: Target, number: int, piece: Post | Uploaded
    ) -> str:
        try:
            return await self._say(message, target, number, piece)
        except RateLimited as limited:
            if limited.retry_after > SHORT_WAIT:
                raise
            await asyncio.sleep(limited.retry_after)
        return await self._say(message, target, number, piece)

    async def _say(
        self, message: OutgoingMessage, target: Target, number: int, piece: Post | Uploaded
    ) -> str:
        if not isinstance(piece, Post):
            share = self.web.files_completeUploadExternal(
                files=[piece], channel_id=target.channel, thread_ts=target.thread_ts
            )
            await ask(share, self._words)
            return ""
        blocks = list(piece.blocks)
        if target.here:
            said = {
                **ephemeral(piece.text),
                "mrkdwn": False,
                **({"blocks": blocks} if blocks else {}),
            }
            if await respond(self.client, self.root, target.here, said):
                return ""
        post = self.web.chat_postMessage(
            channel=target.channel,
            thread_ts=target.thread_ts,
            text=piece.text,
            blocks=blocks or None,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
            metadata={
                "event_type": "yingda_delivery",
                "event_payload": {"delivery_id": message.delivery_id, "piece": number},
            },
        )
        return word(await ask(post, self.words), "ts")
