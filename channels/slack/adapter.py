"""Slack as a channel: Bolt takes the calls apart, our parser reads them, the SDK posts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial
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
from channels.errors import BadRequest, ChannelError, Unavailable
from channels.files import KINDS, Download, Files
from channels.health import Finding
from channels.http import make_client
from channels.message import IncomingMessage, OutgoingMessage, clean
from channels.sheets import Sheet
from channels.slack import errands, ills, media, notes, parse
from channels.slack.config import Config
from channels.slack.deeds import wrong_with
from channels.slack.log import SILENT
from channels.slack.modals import Wish, spoken, wish_of
from channels.slack.place import Account
from channels.slack.posting import Poster, Target
from channels.slack.render import MAX_CHOICES, TEXT_LIMIT
from channels.slack.shape import Tree, Unreadable, word
from channels.slack.signature import Signature
from channels.slack.socket import Socket
from channels.slack.web import WORDS, ask, ask_all, open_session, web_client

log = structlog.get_logger(__name__)

ROOT = "https://slack.com"
ANYTHING = re.compile("")
CAUGHT = "caught"


RATES = Rates(chat=Rate(1, burst=3), chat_depth=2, limits_chats=True)
"""Slack allows one message a second in each channel, and a few at once."""


class Adapter:
    """One Slack app in one workspace."""

    capabilities = Capabilities(
        text_limit=TEXT_LIMIT,
        receives=frozenset({"text", *KINDS, "selection", "event", "unsupported"}),
        sends=frozenset({"text", "choices", *KINDS}),
        files=media.TAKES,
        max_choices=MAX_CHOICES,
        edits=True,
        public=True,
        rates=RATES,
    )

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self.listening = config.transport == "socket"
        self._config, self._memory, self._clock = config, memory, clock
        self._root = config.base_url or ROOT
        self._words = {**WORDS, **config.errors}
        secret = config.signing_secret
        self._signature = Signature(secret.get_secret_value(), clock) if secret else None
        self._account = Account(inbox, allowed_bots=frozenset(config.allowed_bots))
        self._files: Files | None = None
        self._errands = errands.Errands(inbox)
        self._open: AsyncExitStack | None = None
        self._poster: Poster | None = None
        self._socket: Socket | None = None
        self._bolt = _make_bolt()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(open_session(self._config.timeout))
            token = self._config.bot_token.get_secret_value()
            web = web_client(self._root, token, session)
            client = await stack.enter_async_context(make_client(read=self._config.timeout))
            stack.push_async_callback(self._errands.stop)
            account = await ask(web.auth_test(), self._words, repeatable=True)
            ids = (account.get("user_id"), account.get("bot_id"))
            own = frozenset(each for each in ids if isinstance(each, str) and each)
            self._account = replace(self._account, own=own)
            if self._config.app_token is not None:
                app_token = self._config.app_token.get_secret_value()
                self._socket = Socket(web, session, app_token, self._words)
            self._poster = Poster(web, client, self._words, self._root, self._files, self._memory)
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        opened, self._open, self._poster, self._socket = self._open, None, None, None
        if opened is not None:
            await opened.aclose()

    def lend(self, files: Files) -> None:
        """Keep the files that can be sent."""
        self._files = files

    def offer(self, sheets: Sequence[Sheet]) -> None:
        """Keep the forms that can be shown."""
        self._account = replace(self._account, sheets=tuple(sheets))

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
        """Say every piece in order; return the last post's time stamp, which is its id."""
        return await self._ready().send(message)

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask Slack where the app is installed, what it may do, and whether a socket is had.

        Raises:
            ChannelError: it cannot be asked now, or does not let us in.
        """
        web = self._ready().web
        account, headers = await ask_all(web.auth_test(), self._words, repeatable=True)
        found = [ills.workspace(account), ills.scopes(headers.get("x-oauth-scopes"))]
        if self.listening and self._config.app_token is not None:
            token = self._config.app_token.get_secret_value()
            await ask(web.apps_connections_open(app_token=token), self._words, repeatable=True)
            found.append(ills.socket())
        return found

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def fetch(self, ref: str) -> AbstractAsyncContextManager[Download]:
        """Open a customer's file."""
        web, words = self._ready().web, self._words
        return media.fetch(web, partial(ask, words=words, repeatable=True), self._root, ref)

    def _ready(self) -> Poster:
        if self._poster is None:
            raise Unavailable("the inbox is closed")
        return self._poster

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
        caught = call.context.get(CAUGHT)
        if caught is None:
            return Reception(
                (), status=answer.status, body=answer.body.encode(), headers=answer.first_headers()
            )
        return await self._understand(caught)

    async def _understand(self, body: Tree) -> Reception:
        """Return what customers did, or open the form that one of them asks for."""
        to = self._poster
        # An inbox that is closed takes the wish as words: the form begins in the chat.
        if to is not None and (wish := wish_of(body, self._account.sheets)):
            self._errands.begin(self._show(to, wish))
            return Reception()
        is_form = word(body, "type") == "view_submission"
        if is_form and (wrong := wrong_with(body, self._account.sheets)):
            return notes.answering({"response_action": "errors", "errors": wrong})
        messages = parse.read(body, self._account, self._clock())
        await self._note(body, messages)
        if "command" in body:
            told = notes.answer_to_command(body, is_asked=bool(messages))
            return replace(notes.answering(told), messages=messages)
        return Reception(messages)

    async def _show(self, to: Poster, wish: Wish) -> None:
        if wish.whose:
            otherwise = self._config.language
            language = await errands.language_of(to.web, self._words, wish.whose, otherwise)
            wish = spoken(wish, language, self._account.sheets)
        await errands.open_modal(to.web, to.client, self._words, self._root, wish)

    async def _note(self, body: Tree, messages: Sequence[IncomingMessage]) -> None:
        """Remember where the customer of a command looks now, for its answer."""
        url = word(body, "response_url")
        for message in messages[:1]:
            if url and Target.of(message.address).is_person:
                await errands.remember(self._memory, message.address.thread, url)


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
    bolt.view(ANYTHING)(_catch)
    bolt.shortcut(ANYTHING)(_catch)
    return bolt


async def _authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Answer from what is known: Bolt would call `auth.test` while Slack waits."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


async def _catch(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
    context[CAUGHT] = body
    await ack()


def _quarantine(body: str, error: Exception) -> Reception:
    log.warning("a genuine call could not be read", problem=type(error).__name__)
    digest = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()
    reason = str(error) if isinstance(error, Unreadable) else type(error).__name__
    kept = Quarantined(dedupe_key=f"unread:{digest}", reason=reason, raw=str(clean(body)))
    return Reception(quarantined=(kept,))
