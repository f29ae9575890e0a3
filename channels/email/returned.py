"""Mail of ours that came back: which one, to whom it went, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.email import threads
from channels.email.headers import BARE, Heads, decoded, usable

LOOKED_AT, MOST_ADDRESSES = 64 * 1024, 200
ACTION = re.compile(rb"^action\s*:\s*([a-z]+)", re.IGNORECASE | re.MULTILINE)
REASON = re.compile(
    rb"^diagnostic-code\s*:\s*(?:[\w-]+\s*;)?\s*([^\r\n]{1,400}(?:\r?\n[ \t][^\r\n]{1,400}){0,3})",
    re.IGNORECASE | re.MULTILINE,
)
STATUS = re.compile(rb"^status\s*:\s*(\d\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
BOUNCERS = ("mailer-daemon@", "postmaster@")
ID = re.compile(r"<[a-z2-7.-]{20,80}@[^<>\s]{1,253}>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail of ours that did not arrive."""

    thread: str
    contact: str
    reason: str


def read(raw: bytes, heads: Heads, domain: str) -> Returned | None:
    """Return what came back; None if this is no failure, or of no mail of ours."""
    head = raw[:LOOKED_AT]
    if not _tells_of_failure(head, heads):
        return None
    text = head.decode("ascii", "replace")
    thread = next(threads.ours(reversed(ID.findall(text)), domain), None)
    if thread is None:
        return None
    for found in BARE.findall(text)[:MOST_ADDRESSES]:
        contact = usable(found.strip("'="))
        if contact and threads.belongs(thread, contact):
            return Returned(thread, contact, _reason(head))
    return None


def _tells_of_failure(head: bytes, heads: Heads) -> bool:
    actions = {found.lower() for found in ACTION.findall(head)}
    if actions:
        return b"failed" in actions
    sender = heads.person("from")
    return bool(heads.first("x-failed-recipients")) or (
        sender is not None and sender[0].startswith(BOUNCERS)
    )


def _reason(head: bytes) -> str:
    found = REASON.search(head) or STATUS.search(head)
    return decoded(" ".join(found[1].decode("ascii", "replace").split()))[:300] if found else ""
