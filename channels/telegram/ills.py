"""What ails a bot: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import telegram

from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark, warn, wrong

LATELY = timedelta(hours=1)
"""For how long a call of Telegram's that failed is worth a word."""
MANY = 100
"""So many updates wait: whoever should take them does not."""
MENDS: Mapping[str, str] = {
    "BotFather": mark("copy bot_token whole from @BotFather into config.yaml, and start again"),
}
"""How the refusals are mended that are about the bot."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


def groups(me: telegram.User) -> Finding:
    """Say what the bot hears in groups."""
    if me.can_read_all_group_messages:
        return warn(
            "Telegram sends us all that is said in the bot's groups",
            "send /setprivacy to @BotFather and enable it, unless this is wanted",
        )
    return fine("In groups the bot hears only what is addressed to it")


def calls(
    info: telegram.WebhookInfo, wanted: str | None, needs: Sequence[str], now: datetime
) -> tuple[Finding, ...]:
    """Say whether Telegram calls us, and whether its calls arrive.

    `wanted` is where it should, None if nobody knows; `needs` are the kinds of updates to be told.
    """
    if not info.url:
        return (
            wrong(
                "Telegram calls nobody: no webhook is set",
                "set webhook_url in config.yaml and start again, or set transport: polling",
            ),
        )
    found = [_place(info.url, wanted), _arrival(info, now), _waiting(info.pending_update_count)]
    told = set(info.allowed_updates or needs)
    if missing := [kind for kind in needs if kind not in told]:
        found.append(
            warn(
                "Telegram does not tell of: %(kinds)s",
                "set webhook_url in config.yaml, then it is asked to at each start",
                kinds=", ".join(missing),
            )
        )
    return tuple(found)


def questions(info: telegram.WebhookInfo) -> tuple[Finding, ...]:
    """Say whether what we ask for is kept for us."""
    if info.url:
        return (
            wrong(
                "Telegram calls %(place)s, so that it lets nobody ask",
                "end the other program that sets a webhook for this bot, and start again",
                place=_shown(info.url),
            ),
        )
    return (_waiting(info.pending_update_count),)


def _place(url: str, wanted: str | None) -> Finding:
    if wanted is None or url.rstrip("/") == wanted.rstrip("/"):
        return fine("Telegram calls %(place)s", place=_shown(url))
    return wrong(
        "Telegram calls %(place)s and not %(wanted)s",
        "set webhook_url to the second address, and start again",
        place=_shown(url),
        wanted=_shown(wanted),
    )


def _arrival(info: telegram.WebhookInfo, now: datetime) -> Finding:
    at, said = info.last_error_date, info.last_error_message
    if at is None or now - at > LATELY:
        return fine("No call of Telegram's failed in the last hour")
    return wrong(
        "Telegram's last failed call was at %(time)s: %(problem)s",
        "see that the address answers from outside: DNS, certificate, port 443, and secret_token",
        time=f"{at:%Y-%m-%d %H:%M} UTC",
        problem=said or "?",
    )


def _waiting(count: int) -> Finding:
    if count > MANY:
        return warn(
            "%(count)d updates wait at Telegram",
            "see that `yingda run` runs and takes them; after a day Telegram drops them",
            count=count,
        )
    return fine("%(count)d updates wait at Telegram", count=count)


def _shown(url: str) -> str:
    """Return an address without what may be a secret in its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
