"""What ails a mailbox: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from channels.email.imap import Box
from channels.errors import ChannelError, Unauthorized
from channels.health import Finding, fine, mark, refusal, warn

_LOGIN = mark(
    "switch IMAP and SMTP on in the mailbox's settings, make an app password (授权码), and put it "
    "into config.yaml"
)


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return refusal(error, _LOGIN) if isinstance(error, Unauthorized) else None


async def sending(ready: Callable[[], AbstractAsyncContextManager[object]]) -> Finding:
    """Say that mail can be handed over.

    Raises:
        ChannelError: the server cannot be reached, or refuses the login.
    """
    async with ready():
        return fine("The mail server takes the login for sending (SMTP)")


async def reading(
    box: Callable[[], AbstractAsyncContextManager[Box]], poll_seconds: int
) -> Finding:
    """Say how soon mail is seen.

    Raises:
        ChannelError: the folder cannot be opened.
    """
    async with box() as opened:
        if opened.can_wait:
            return fine("The folder can be read, and new mail is told at once (IMAP IDLE)")
    return warn(
        "The folder can be read, and new mail is looked for every %(seconds)d seconds only",
        "the server knows no IDLE; lower poll_seconds if that is too slow",
        seconds=poll_seconds,
    )
