"""What the platform still allows, as the desk shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.services import InboxState
from storage import windows
from storage.models import Conversation

SOON = timedelta(hours=2)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many answers are left of how many, and for how long.

    `over` says why nothing may be said now; `tone` is empty, warn or bad.
    """

    time: str
    left: int | None = None
    total: int | None = None
    over: str | None = None
    tone: str = ""


def allowance_of(
    conversation: Conversation, states: Mapping[str, InboxState], now: datetime
) -> Allowance | None:
    """Return what may still be said, None where the platform has no such rule."""
    if conversation.reply_until is None:
        return None
    rest = max(conversation.reply_until - now, timedelta())
    state = states.get(conversation.inbox)
    left, over = conversation.replies_left, windows.refusal(conversation, now)
    few = left is not None and left <= 1
    return Allowance(
        time=_length(rest),
        left=left,
        total=state.replies if state else None,
        over=over,
        tone="bad" if over else "warn" if few or rest < SOON else "",
    )


def _length(rest: timedelta) -> str:
    """Return a length of time in its largest unit, as 31 h or 12 min."""
    if rest >= HOUR:
        return f"{rest // HOUR} h"
    return f"{rest // timedelta(minutes=1)} min"
