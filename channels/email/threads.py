"""Which talk a mail belongs to: named so that a reply finds its way back, and only its writer's.

A thread is `<matter>-<proof>`: what was written about, by the Message-ID that began it, and who
writes. Both are digests that nobody guesses; who has only a mail's subject gets nowhere, and who
was sent a copy and answers it gets a thread of their own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator

MATTER, PROOF, DELIVERY = 16, 8, 16
"""Letters of base32."""
_SAFE = "[a-z2-7]"
THREAD = rf"({_SAFE}{{{MATTER}}}-{_SAFE}{{{PROOF}}})"
TAG = re.compile(rf"\[#{THREAD}\]", re.IGNORECASE)


def begin(root: str, contact: str) -> str:
    """Return the thread of whom `contact` writes in about what `root` began."""
    return _with(_digest(root)[:MATTER], contact)


def belongs(thread: str, contact: str) -> bool:
    """Say whether it is this person's thread."""
    return thread == _with(thread[:MATTER], contact)


def joined(thread: str, contact: str) -> str:
    """Return the thread of whoever answers in `thread`: the same for its own person."""
    return _with(thread[:MATTER], contact)


def message_id(thread: str, delivery_id: str, piece: int, domain: str) -> str:
    """Return the Message-ID of what we send: the same whenever the same is sent again."""
    return f"<{thread}.{_digest(delivery_id, str(piece))[:DELIVERY]}@{domain}>"


def ours(ids: Iterable[str], domain: str) -> Iterator[str]:
    """Yield the threads that Message-IDs of ours name, the newest first."""
    own = re.compile(rf"<{THREAD}\.{_SAFE}{{{DELIVERY}}}@{re.escape(domain)}>", re.IGNORECASE)
    for each in reversed(list(ids)):
        if found := own.fullmatch(each):
            yield found[1].lower()


def plus(address: str, thread: str) -> str:
    """Return our address with the thread in it."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{thread}@{domain}"


def addressed(recipients: str, address: str) -> Iterator[str]:
    """Yield the threads in our own addresses among recipients."""
    local, _, domain = address.rpartition("@")
    own = rf"(?<![\w.+-]){re.escape(local)}\+{THREAD}@{re.escape(domain)}"
    for found in re.finditer(own, recipients, re.IGNORECASE):
        yield found[1].lower()


def tagged(subject: str) -> Iterator[str]:
    """Yield the threads whose tags stand in a subject."""
    for found in TAG.finditer(subject):
        yield found[1].lower()


def _with(matter: str, contact: str) -> str:
    return f"{matter}-{_digest(matter, contact.lower())[:PROOF]}"


def _digest(*words: str) -> str:
    found = hashlib.sha256("\0".join(words).encode("utf-8", "replace")).digest()
    return base64.b32encode(found).decode().lower()
