"""What ails the way to somebody's own system: the refusals that can be mended, and the checks."""

from __future__ import annotations

from http import HTTPStatus

import httpx

from channels.errors import ChannelError, Unauthorized
from channels.health import Finding, fine, mark, refusal, warn, wrong
from channels.http import call
from channels.webhook.config import Config

_RECEIVER = mark("see that the other system checks the same secret, and that url is its address")


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return refusal(error, _RECEIVER) if isinstance(error, Unauthorized) else None


async def receiver(client: httpx.AsyncClient, config: Config) -> Finding:
    """Say whether somebody is at the address where replies are posted.

    It is asked without a message, so that any answer but "not here" will do.

    Raises:
        ChannelError: nobody answers there.
    """
    reads = frozenset({HTTPStatus.UNAUTHORIZED.value})
    reply = await call(client, "HEAD", config.target, total=config.timeout, reads=reads)
    if reply.status == HTTPStatus.GONE:
        return wrong(mark("The receiver wants no more replies (HTTP 410)"), _RECEIVER)
    return fine("Somebody answers where replies are posted (HTTP %(status)d)", status=reply.status)


def secrets(config: Config) -> Finding:
    """Say whether a change of secrets is half done."""
    if config.old_secret is None:
        return fine("One secret signs both ways")
    return warn(
        "The old secret is still believed",
        "take old_secret out of config.yaml once the other side has changed over",
    )


def privacy(config: Config) -> Finding:
    """Say whether others can read along."""
    if config.base_url or (config.url or "").startswith("https://"):
        return fine("Replies go out encrypted")
    return warn(
        "Replies go out over plain http, for all to read",
        "give url an https address, unless it lies in your own network",
    )
