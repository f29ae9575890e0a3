"""What the console is given by the composition root; it builds nothing of this itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from faq.knowledge import KnowledgeBase

from console.live import Live
from storage.database import Database


@dataclass(frozen=True, slots=True)
class InboxState:
    """How one connected account is doing."""

    inbox: str
    channel: str
    label: str
    state: str
    """ready, degraded, stopped or disabled."""
    detail: str = ""
    """What is wrong and how to mend it, in one line; never a secret."""
    webhook_url: str | None = None
    last_in: datetime | None = None
    last_out: datetime | None = None
    pending: int = 0
    failed: int = 0
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class Services:
    """The collaborators of every page."""

    db: Database
    knowledge: KnowledgeBase
    live: Live
    clock: Callable[[], datetime]
    inboxes: Callable[[], Sequence[InboxState]]
    secure: bool = False
    """True behind https: cookies are then `__Host-` and Secure."""
    demo: bool = False
