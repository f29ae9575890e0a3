"""Slack as a channel: Bolt takes the calls apart, our parser reads them, the SDK posts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Self

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from channels.base import (
    Accept,
    Capabilities,
    Clock,
    Memory,
    Quarantined,
    Rate,
    Rates,
    Reception,
    Request,
    Sent,
)
from channels.errors import BadRequest, ChannelError, RateLimited, Refused, Unavailable, Uncertain
from channels.message import OutgoingMessage, clean
from channels.slack import parse
from channels.slack.config import Config
from channels.slack.log import SILENT
from channels.slack.place import Account
from channels.slack.render import MAX_CHOICES, TEXT_LIMIT, Post, render
from channels.slack.shape import Unreadable
from channels.slack.signature import Signature
from channels.slack.socket import Socket
from channels.slack.web import WORDS, ask, open_session, web_client

log = structlog.get_logger(__name__)

ROOT = "https://slack.com"
ANYTHING = re.compile("")
SHORT_WAIT = 5.0
"""Seconds that the later pieces of one message wait for Slack's rate limit on the spot."""

CAUGHT = "caught"


RATES = Rates(chat=Rate(1, burst=3), chat_depth=2, limits_chats=True)
"""Slack allows one message a second in each channel, and a few at once."""


class Adapter:
    """One Slack app in one workspace."""

    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        receives=frozenset({"text", "media", "selection", "event", "unsupported"}),
        sends=frozenset({"text", "choices"}),
        max_choices=MAX_CHOICES,
        edits=True,
        public=True,
        rates=RATES,
    )

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.listening = config.transport == "socket"
        self._config, self._clock = config, clock
        self._words = {**WORDS, **config.errors}
        secret = config.signing_secret
        self._signature = Signature(secret.get_secret_value(), clock) if secret else None
        self._own: frozenset[str] = frozenset()
        self._open: AsyncExitStack | None = None
        self._web: AsyncWebClient | None = None
        self._socket: Socket | None = None
        self._bolt = _make_bolt()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(open_session(self._config.timeout))
            token = self._config.bot_token.get_secret_value()
            web = web_client(self._config.base_url or ROOT, token, session)
            account = await ask(web.auth_test(), self._words, repeatable=True)
            ids = (account.get("user_id"), account.get("bot_id"))
            self._own = frozenset(each for each in ids if isinstance(each, str) and each)
            if self._config.app_token is not None:
                app_token = self._config.app_token.get_secret_value()
                self._socket = Socket(web, session, app_token, self._words)
            self._web, self._open = web, stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        opened, self._open, self._web, self._socket = self._open, None, None, None
        if opened is not None:
            await opened.aclose()

    async def receive(self, request: Request) -> Reception:
        """Verify and translate one call of Slack's.

        Raises:
            BadRequest: forged, stale, too large, or HTTP is not set up.
        """
        if self._signature is None:
            raise BadRequest("this inbox listens on a socket and has no signing_secret")
        body = self._signature.check(request)
        try:
            # Bolt obeys headers of its own, which Slack does not sign.
            kind = request.headers.get("content-type", "")
            return await self._dispatch(AsyncBoltRequest(body=body, headers={"content-type": kind}))
        except Exception as error:  # noqa: BLE001 - a genuine call is kept, whatever is wrong with it
            return _quarantine(body, error)

    async def listen(self, accept: Accept) -> None:
        """Run Socket Mode until cancelled; acknowledge only what `accept` has stored."""
        if self._socket is None:
            raise Unavailable("the inbox is closed")
        await self._socket.listen(self._read, accept)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Post every piece in order; return the last one's time stamp, which is its id."""
        posts = render(message.parts)
        if not posts:
            raise Refused("there is nothing to say in it")
        ts = await self._post(message, 0, posts[0])
        for number, post in enumerate(posts[1:], 1):
            try:
                ts = await self._post_patiently(message, number, post)
            except (Refused, Uncertain):
                raise
            except ChannelError as error:
                raise Uncertain(f"sent {number} of {len(posts)} pieces: {error}") from None
        return Sent(ts or None)

    async def _post_patiently(self, message: OutgoingMessage, number: int, post: Post) -> str:
        try:
            return await self._post(message, number, post)
        except RateLimited as limited:
            if limited.retry_after > SHORT_WAIT:
                raise
            await asyncio.sleep(limited.retry_after)
        return await self._post(message, number, post)

    async def _post(self, message: OutgoingMessage, number: int, post: Post) -> str:
        if self._web is None:
            raise Unavailable("the inbox is closed")
        _, _, place = message.address.thread.partition(":")
        channel, _, thread_ts = place.partition(":")
        call = self._web.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts or None,
            text=post.text,
            blocks=list(post.blocks) or None,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
            metadata={
                "event_type": "yingda_delivery",
                "event_payload": {"delivery_id": message.delivery_id, "piece": number},
            },
        )
        ts = (await ask(call, self._words)).get("ts")
        return ts if isinstance(ts, str) else ""

    async def _read(self, payload: Mapping[str, Any]) -> Reception:
        """Translate the content of a socket's envelope, which Slack sends to nobody else."""
        try:
            return await self._dispatch(AsyncBoltRequest(body=dict(payload), mode="socket_mode"))
        except Exception as error:  # noqa: BLE001 - kept, whatever is wrong with it
            return _quarantine(json.dumps(payload), error)

    async def _dispatch(self, call: AsyncBoltRequest) -> Reception:
        answer = await self._bolt.async_dispatch(call)
        if answer.status >= 400:  # noqa: PLR2004 - HTTP
            raise Unreadable("no kind of call that Slack is known to make")
        account = Account(self.inbox, self._own, frozenset(self._config.allowed_bots))
        caught = call.context.get(CAUGHT)
        return Reception(
            messages=() if caught is None else parse.read(caught, account, self._clock()),
            status=answer.status,
            body=answer.body.encode(),
            headers=answer.first_headers(),
        )


def _make_bolt() -> AsyncApp:
    """Return an app that catches every kind of call and answers before anything slow."""
    bolt = AsyncApp(
        name=SILENT.name,  # Bolt silences the logger of this name too
        logger=SILENT,
        client=AsyncWebClient(logger=SILENT, retry_handlers=[]),
        authorize=_authorize,
        process_before_response=True,
        # Checked before Bolt parses, with our clock: it parses first and raises on garbage.
        request_verification_enabled=False,
    )
    bolt.event(ANYTHING)(_catch)
    bolt.action(ANYTHING)(_catch)
    bolt.command(ANYTHING)(_catch)
    bolt.view(ANYTHING)(_acknowledge)
    bolt.shortcut(ANYTHING)(_acknowledge)
    return bolt


async def _authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Answer from what is known: Bolt would call `auth.test` while Slack waits."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


async def _catch(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
    context[CAUGHT] = body
    await ack()


async def _acknowledge(ack: AsyncAck) -> None:
    await ack()


def _quarantine(body: str, error: Exception) -> Reception:
    log.warning("a genuine call could not be read", problem=type(error).__name__)
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()
    reason = str(error) if isinstance(error, Unreadable) else type(error).__name__
    kept = Quarantined(dedupe_key=f"unread:{digest}", reason=reason, raw=str(clean(body)))
    return Reception(quarantined=(kept,))
