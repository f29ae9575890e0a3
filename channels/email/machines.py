"""Who must not be answered by a machine: another machine, a list, ourselves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.email.headers import Heads

NOBODY = re.compile(
    r"(mailer-daemon|postmaster|no[-_.]?reply.*|do[-_.]?not[-_.]?reply.*|.*[-_.+]no-?reply"
    r"|bounces?([-+].*)?|auto-?(confirm|reply|responder|notify)|daemon|root|listserv)@.*"
)
BULK = {"bulk", "list", "junk", "auto_reply"}
SAYS_SO = re.compile(
    r"\s*(自动回复|自動回覆|自动答复|auto(matic)?[ -]?(reply|response)|out of (the )?office)"
    r"\s*[:：]",
    re.IGNORECASE,
)
"""How subjects begin that mailboxes on holiday send, often without any header that says so."""
SAYS_SO_TOO = ("x-autoreply", "x-autorespond", "x-failed-recipients")
SUPPRESSES = re.compile(r"\b(all|autoreply|oof)\b", re.IGNORECASE)


def wrote(heads: Heads, sender: str, own: str, lists: Iterable[str]) -> bool:
    """Say whether a machine wrote it, or it must be taken for that."""
    return (
        is_nobody(sender, own)
        or is_nobody((heads.person("from") or (sender, None))[0], own, strict=True)
        or _is_automatic(heads)
        or (not _is_ours(heads, lists) and _is_listed(heads))
    )


def is_nobody(address: str, own: str, *, strict: bool = False) -> bool:
    """Say whether nobody reads what is sent there.

    With `strict` only what can never be answered for: a form of a website writes as no-reply and
    names its visitor for the reply.
    """
    if address == own or address.startswith("mailer-daemon@"):
        return True
    return not strict and NOBODY.fullmatch(address) is not None


def _is_automatic(heads: Heads) -> bool:
    submitted = heads.first("auto-submitted").partition(";")[0].strip().lower()
    kind = heads.first("content-type").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or "".join(heads.first("return-path").split()) == "<>"
        or kind in ("multipart/report", "message/delivery-status")
        or SUPPRESSES.search(heads.first("x-auto-response-suppress")) is not None
        or any(heads.first(name) for name in SAYS_SO_TOO)
        or SAYS_SO.match(heads.text("subject")) is not None
    )


def _is_listed(heads: Heads) -> bool:
    if heads.first("precedence").strip().lower() in BULK:
        return True
    return any(name.startswith("list-") for name in heads.raw)


def _is_ours(heads: Heads, lists: Iterable[str]) -> bool:
    """Say whether it came through a group of our own, which hands customers' mail on to us."""
    named = heads.first("list-id").rpartition("<")[2].strip("> ").lower()
    return bool(named) and named in {each.strip("<> ").lower() for each in lists}
