"""A mail's headers as a hostile world writes them: bounded, decoded, on one line each."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from channels.email.charsets import decode
from channels.message import clean

MOST_HEADERS, LONGEST_HEADER, MOST_IDS = 500, 8_000, 50
WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,8000}?)\?=")
FOLD = re.compile(r"[\r\n]+[ \t]*")
QUOTED = re.compile(r'"(?:[^"\\]|\\.){0,1000}"')
ANGLE = re.compile(r"<\s*([^<>\s]{1,64}@[^<>\s]{1,255})\s*>")
BARE = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}@[^\s<>()\[\],;:\\\"@]{1,255}")
LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
ID = re.compile(r"<[!-;=?-~]{1,240}>")
"""A Message-ID: printable ASCII between angle brackets."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The headers by lower-case name, unfolded but not decoded yet."""

    raw: Mapping[str, tuple[str, ...]] = field(repr=False)

    @classmethod
    def of(cls, mail: Message) -> Heads:
        """Read the headers of a mail, or of a mail within it."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in list(mail.raw_items())[:MOST_HEADERS]:
            line = FOLD.sub(" ", str(value)[:LONGEST_HEADER]).strip()
            lower = name.lower()
            found[lower] = (*found.get(lower, ()), line)
        return cls(found)

    def first(self, name: str) -> str:
        """Return a header as it stands, empty if there is none."""
        return self.raw.get(name, ("",))[0]

    def text(self, name: str) -> str:
        """Return a header's words as people read them."""
        return decoded(self.first(name))

    def ids(self, name: str) -> tuple[str, ...]:
        """Return the Message-IDs in a header: the first, which is the root, and the last ones."""
        found = ID.findall(self.first(name))
        return tuple(found if len(found) <= MOST_IDS else [found[0], *found[-MOST_IDS:]])

    def date(self) -> datetime | None:
        """Return when the mail says it was written."""
        try:
            found = parsedate_to_datetime(self.first("date"))
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            return None

    def person(self, name: str) -> tuple[str, str | None] | None:
        """Return the first address in a header and its owner's name; None if there is none."""
        value = self.first(name)
        bare = QUOTED.sub(" ", value)
        found = ANGLE.search(bare)
        address = usable(found[1] if found else (BARE.findall(bare) or [""])[0])
        if address is None:
            return None
        called = decoded(value.rpartition("<")[0].strip().strip('"')) if found else ""
        return address, called.replace("\\", "").strip("\"' ")[:100] or None


def usable(address: str) -> str | None:
    """Return an address in lower case, as it is written on the wire; None if it is not one."""
    local, _, domain = address.rpartition("@")
    try:
        domain = domain.rstrip(".").encode("idna").decode().lower()
    except (UnicodeError, ValueError):
        return None
    if not LOCAL.fullmatch(local) or len(domain) > 253 or not DOMAIN.fullmatch(domain):  # noqa: PLR2004 - RFC 5321
        return None
    return f"{local.lower()}@{domain}"


def decoded(value: str) -> str:
    """Return a header's text: encoded words decoded, control characters and line ends gone."""
    text = "".join(_pieces(value[:LONGEST_HEADER]))
    spaced = "".join(sign if sign.isprintable() else " " for sign in str(clean(text)))
    return " ".join(spaced.split())


def _pieces(value: str) -> Iterator[str]:
    # Mailers cut characters in two between words of one charset: their bytes are joined first.
    charset, pending, end = "", b"", 0
    for word in WORD.finditer(value):
        between = value[end : word.start()]
        if pending and (between.strip() or word[1].lower() != charset):
            yield decode(pending, charset)
            pending = b""
        if between.strip() or (end == 0 and between):
            yield _eight_bit(between)
        charset, end = word[1].lower().partition("*")[0], word.end()
        pending += _bytes_of(word)
    yield decode(pending, charset)
    yield _eight_bit(value[end:])


def _bytes_of(word: re.Match[str]) -> bytes:
    body = word[3].encode("ascii", "replace")
    if word[2] in "qQ":
        return quopri.decodestring(body, header=True)
    try:
        return base64.b64decode(body + b"=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return b"?"


def _eight_bit(text: str) -> str:
    """Return text that may hold bytes of any charset, against every rule."""
    if text.isascii():
        return text
    try:
        return decode(text.encode("utf-8", "surrogateescape"), None)
    except UnicodeEncodeError:
        return str(clean(text))
