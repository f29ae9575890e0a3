"""What is begun after Slack was answered, and what Slack lets us say where a customer just was."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from typing import Any

import httpx
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from channels.base import Memory
from channels.errors import ChannelError
from channels.http import call
from channels.slack import media, notes
from channels.slack.config import Meaning
from channels.slack.modals import Wish, view_of
from channels.slack.shape import word
from channels.slack.web import ask

log = structlog.get_logger(__name__)

HERE_FOR = timedelta(seconds=60)
"""How long after a command its customer is taken to look where they wrote it."""
LOOKS_FOR = 1.0
"""Seconds for a customer's language; the form must be open within three."""
MOST_ANSWERS = 5
"""How often Slack lets us answer one command."""


class Errands:
    """Tasks of one account; what they cannot do costs nobody a message."""

    def __init__(self, inbox: str) -> None:
        self._inbox = inbox
        self._running: set[asyncio.Task[None]] = set()

    def begin(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something beside."""
        task = asyncio.create_task(errand, name=f"errand of {self._inbox}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def stop(self) -> None:
        """End what is not done."""
        for task in self._running:
            task.cancel()
        await self.finish()


async def language_of(
    web: AsyncWebClient, words: Mapping[str, Meaning], user: str, otherwise: str
) -> str:
    """Return the language in which somebody uses Slack, if it tells in time and may tell."""
    try:
        async with asyncio.timeout(LOOKS_FOR):
            found = await ask(web.users_info(user=user, include_locale=True), words)
    except (ChannelError, TimeoutError) as problem:
        log.info("Slack does not tell a customer's language", problem=problem)
        return otherwise
    locale = word(found, "user", "locale")
    return ("zh" if locale.startswith("zh") else "en") if locale else otherwise


async def open_modal(
    web: AsyncWebClient,
    client: httpx.AsyncClient,
    words: Mapping[str, Meaning],
    root: str,
    wish: Wish,
) -> None:
    """Show a form, which Slack allows for three seconds; else say what can be done instead."""
    try:
        await ask(web.views_open(trigger_id=wish.trigger_id, view=view_of(wish)), words)
    except ChannelError as problem:
        log.warning("a form was not opened", problem=problem)
    else:
        return
    try:
        await respond(client, root, wish.response_url, notes.ephemeral(notes.NOT_OPENED))
    except ChannelError as problem:
        log.warning("a customer was not told that no form opens", problem=problem)


async def respond(client: httpx.AsyncClient, root: str, url: str, said: Mapping[str, Any]) -> bool:
    """Say something where a command was given or a button tapped; False if that is not possible.

    Raises:
        ChannelError: it was not said, or perhaps.
    """
    if not media.is_slacks(url, root):
        return False
    answer = await call(client, "POST", url, json=dict(said))
    return answer.status == httpx.codes.OK


async def remember(memory: Memory, thread: str, url: str) -> None:
    """Note where a customer just was; forgetting it only moves the answer."""
    try:
        await memory.set(f"here:{thread}", url, HERE_FOR)
    except ChannelError as problem:
        log.warning("an answer will come as a direct message", problem=problem)


async def take(memory: Memory, thread: str) -> str:
    """Return where the customer of a thread just was, once."""
    key = f"here:{thread}"
    url = await memory.get(key)
    return url if url and await memory.swap(key, url, None) else ""
