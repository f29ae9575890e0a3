"""From a mail's bytes to our words: whatever they are, it never raises."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message

from channels.base import Quarantined, Reception
from channels.email import body, machines, quotes, returned, threads
from channels.email.headers import Heads
from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Media,
    Part,
    Text,
    Unsupported,
    clean,
)

MOST_LINES, MOST_PARTS, MOST_WORK, BEGINNING = 450_000, 5_000, 10_000_000, 64 * 1024
"""A mail with more lines, parts or borders than any program writes is cut to its beginning."""
LONGEST_SUBJECT, MOST_IDS, RAW = 300, 10, 10_000
OLDEST = timedelta(days=30)
RECIPIENTS = ("to", "cc", "delivered-to", "x-original-to")
BORDER = re.compile(rb"boundary\s*=", re.IGNORECASE)
REPLY = re.compile(r"\s*(re|aw|sv|回复|回覆|答复|答覆)\s*(\[\d+\])?\s*[:：]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Own:
    """Who we are, to mail."""

    inbox: str
    address: str
    lists: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """What our Message-IDs end with."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it lies in the box: `ref` names it there, `size` is that of all of it."""

    raw: bytes
    ref: str
    size: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail means, and what a reply to it must know."""

    reception: Reception
    thread: str | None = None
    subject: str = ""
    ids: tuple[str, ...] = ()


def read(mail: Mail, own: Own, now: datetime) -> Letter:
    """Return what a mail means; one that cannot be understood is set aside whole."""
    raw = _bounded(mail.raw)
    try:
        return _read(raw, mail, own, now)
    except Exception as error:  # noqa: BLE001 - one hostile mail must never stop the rest
        return _aside(raw, _digest(raw), f"cannot be read: {type(error).__name__}")


def parse(raw: bytes) -> Message:
    """Take a mail's bytes apart; never looks at what they hold."""
    return message_from_bytes(raw)


def _bounded(raw: bytes) -> bytes:
    # The parser looks at each line once for every border that it is within.
    lines, borders = raw.count(b"\n"), len(BORDER.findall(raw))
    if lines > MOST_LINES or lines * borders > MOST_WORK or raw.count(b"\n--") > MOST_PARTS:
        return raw[:BEGINNING]
    return raw


def _read(raw: bytes, mail: Mail, own: Own, now: datetime) -> Letter:
    parsed = parse(raw)
    heads = Heads.of(parsed)
    key = _key(raw, heads)
    written_by = heads.person("from")
    if written_by and written_by[0] == own.address and _is_echo(heads, own):
        return Letter(Reception())
    if came_back := returned.read(raw, heads, own.domain):
        return _returned(came_back, own, key, now)
    sender = _sender(heads, own)
    if sender is None:
        return _aside(raw, key, "it has no sender that could be answered")
    contact, name = sender
    known = _known(heads, own, contact)
    thread = known or threads.begin(_root(heads, key), contact)
    content = body.read(parsed)
    parts = _words(heads, content, shows_subject=known is None)
    parts += [_media(file, mail.ref) for file in content.files]
    parts += [Unsupported(platform_kind=kind) for kind in content.strange]
    if mail.size > len(raw):
        parts.append(Unsupported(platform_kind=f"the rest of a mail of {_mib(mail.size)} MiB"))
    message = IncomingMessage(
        address=Address(inbox=own.inbox, thread=thread, contact=contact),
        dedupe_key=key,
        sent_at=_time(heads, now),
        parts=tuple(parts) or (Unsupported(platform_kind="an empty mail"),),
        contact_name=name,
        automatic=machines.wrote(heads, contact, own.address, own.lists),
    )
    return Letter(Reception((message,)), thread, heads.text("subject"), _ids(heads))


def _aside(raw: bytes, key: str, reason: str) -> Letter:
    text = str(clean(raw[:RAW].decode("utf-8", "replace")))
    return Letter(Reception(quarantined=(Quarantined(key, reason, text),)))


def _key(raw: bytes, heads: Heads) -> str:
    """Return what is the same in every copy of a mail.

    Programs exist that give all their mails one Message-ID: alone it would swallow mail.
    """
    named = heads.ids("message-id")
    names = ("from", "date") if named else ("from", "to", "date", "subject")
    told = [heads.first(name).encode("utf-8", "replace") for name in names]
    if named:
        return _digest(named[0].encode(), *told)
    return _digest(*told, raw.partition(b"\n\r\n" if b"\n\r\n" in raw else b"\n\n")[2])


def _digest(*words: bytes) -> str:
    return f"mail:{hashlib.sha256(bytes(1).join(words)).hexdigest()[:48]}"


def _is_echo(heads: Heads, own: Own) -> bool:
    return any(threads.ours(heads.ids("message-id"), own.domain))


def _sender(heads: Heads, own: Own) -> tuple[str, str | None] | None:
    """Return who is to be answered: whom Reply-To names, else who wrote it."""
    written_by, asked = heads.person("from"), heads.person("reply-to")
    if asked is None or asked[0] == own.address:
        return written_by
    if written_by is not None and asked[1] is None:
        return asked[0], written_by[1]
    return asked


def _known(heads: Heads, own: Own, contact: str) -> str | None:
    """Return the thread that a mail answers in: by our Message-ID, our address, or the tag."""
    ids = (*heads.ids("references"), *heads.ids("in-reply-to"))
    recipients = " ".join(heads.first(name) for name in RECIPIENTS)
    found = next(
        (
            thread
            for places in (
                threads.ours(ids, own.domain),
                threads.addressed(recipients, own.address),
                threads.tagged(heads.text("subject")),
            )
            for thread in places
        ),
        None,
    )
    return threads.joined(found, contact) if found else None


def _root(heads: Heads, key: str) -> str:
    ids = heads.ids("references") or heads.ids("in-reply-to") or heads.ids("message-id")
    return ids[0] if ids else key


def _ids(heads: Heads) -> tuple[str, ...]:
    """Return what a reply's References name: the root, and the last ones."""
    ids = heads.ids("references") or heads.ids("in-reply-to")
    ids = (*ids, *heads.ids("message-id")[:1])
    return ids if len(ids) <= MOST_IDS else (ids[0], *ids[1 - MOST_IDS :])


def _words(heads: Heads, content: body.Content, *, shows_subject: bool) -> list[Part]:
    subject = heads.text("subject")[:LONGEST_SUBJECT]
    whole = str(clean(content.text))
    text = quotes.fresh(whole, subject)
    parts: list[Part] = []
    if shows_subject and subject and not text.startswith(subject):
        parts.append(Text(text=subject))
    if text:
        parts.append(Text(text=text[: body.LONGEST_TEXT]))
    if len(text) > body.LONGEST_TEXT:
        content.strange.append("the rest of a long text")
    return parts


def _media(file: body.Attached, ref: str) -> Media:
    return Media(kind=file.kind, ref=f"{ref}:{file.number}", name=file.name, size=file.size)


def _returned(found: returned.Returned, own: Own, key: str, now: datetime) -> Letter:
    parts: list[Part] = [ContactEvent(event="bounced", context=found.reason or None)]
    if found.reason:
        parts.append(Text(text=found.reason))
    message = IncomingMessage(
        address=Address(inbox=own.inbox, thread=found.thread, contact=found.contact),
        dedupe_key=key,
        sent_at=now,
        parts=tuple(parts),
        automatic=True,
    )
    return Letter(Reception((message,)))


def _time(heads: Heads, now: datetime) -> datetime:
    told = heads.date()
    return told if told is not None and now - OLDEST < told <= now else now


def _mib(size: int) -> int:
    return -(-size // (1024 * 1024))
