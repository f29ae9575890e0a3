"""A mail's parts: the words to read, and the files that came along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import Compat32
from typing import Literal

from channels.email import markup
from channels.email.charsets import decode
from channels.email.headers import decoded

Kind = Literal["image", "voice", "video", "file"]
MOST_PARTS, DEEPEST, MOST_FILES, LONGEST_TEXT = 500, 30, 50, 50_000
SMALLEST_PICTURE = 2_000
"""Bytes; a smaller picture without a name is an icon or counts who opened the mail."""
KINDS: dict[str, Kind] = {"image": "image", "audio": "voice", "video": "video"}
PROOFS = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
SEALED = frozenset(
    {"application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
FLOWED = re.compile(r"format\s*=\s*\"?flowed", re.IGNORECASE)


class _AsItCame(Compat32):
    """Writes headers as they stand: the library refuses to write some that it has read."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """Return a header's lines."""
        return f"{name}: {value}{self.linesep}".encode("utf-8", "surrogateescape")


AS_IT_CAME = _AsItCame()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came along: the `number`th leaf of the mail."""

    number: int
    kind: Kind
    name: str | None
    type: str
    size: int


@dataclass(slots=True)
class Content:
    """What is in a mail."""

    texts: list[str] = field(default_factory=list)
    files: list[Attached] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    """What cannot be shown, by its name."""

    @property
    def text(self) -> str:
        """All words, in order; of a book more than is kept, but not all."""
        return "\n\n".join(text for text in self.texts if text.strip())[: 2 * LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without parts; `choice` numbers the alternative it is one of."""

    number: int
    part: Message
    choice: int | None = None


@dataclass(frozen=True, slots=True)
class _Said:
    """Which of several alternatives was taken, and where its words stand."""

    is_plain: bool
    place: int


def read(mail: Message) -> Content:
    """Return the words and the files of a mail."""
    found = Content()
    said: dict[int, _Said] = {}
    for leaf in leaves(mail):
        if not _is_words(leaf.part):
            _keep(leaf, found)
            continue
        text, is_plain = _words(leaf.part)
        before = said.get(leaf.choice) if leaf.choice is not None else None
        if before is None or before.is_plain == is_plain:
            found.texts.append(text)
            if leaf.choice is not None and text.strip() and before is None:
                said[leaf.choice] = _Said(is_plain, len(found.texts) - 1)
        elif is_plain and text.strip():
            said[leaf.choice or 0] = _Said(is_plain, before.place)
            found.texts[before.place] = text
    return found


def leaves(mail: Message) -> Iterator[Leaf]:
    """Yield the parts without parts in order; of a monstrous mail only the first ones."""
    waiting: list[tuple[Message, int, int | None]] = [(mail, 0, None)]
    number = seen = 0
    while waiting and seen < MOST_PARTS:
        part, depth, choice = waiting.pop()
        seen += 1
        inner = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inner, list):
            if part.get_content_subtype() == "alternative" and choice is None:
                choice = seen
            if depth < DEEPEST:
                within = [each for each in inner[:MOST_PARTS] if isinstance(each, Message)]
                waiting += [(each, depth + 1, choice) for each in reversed(within)]
            continue
        number += 1
        yield Leaf(number, part, choice)


def content_of(part: Message) -> bytes:
    """Return a part's bytes as they were before they were packed for the way."""
    inner = part.get_payload()
    if isinstance(inner, list):
        within = [each for each in inner[:1] if isinstance(each, Message)]
        return b"\n".join(each.as_bytes(policy=AS_IT_CAME) for each in within)
    try:
        found = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        found = None
    if isinstance(found, bytes):
        return found
    return str(inner).encode("utf-8", "surrogateescape")


def name_of(part: Message) -> str | None:
    """Return a file's name as its sender wrote it, without folders."""
    try:
        claimed = part.get_filename()
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    last = decoded(str(claimed or "")[:1000]).replace("\\", "/").rpartition("/")[2]
    return last.strip(" .")[:120] or None


def _is_words(part: Message) -> bool:
    if part.get_content_type() not in ("text/plain", "text/html"):
        return False
    return not _is_attached(part) and name_of(part) is None


def _is_attached(part: Message) -> bool:
    given = str(part.get("content-disposition", ""))
    return given.partition(";")[0].strip().lower() == "attachment"


def _words(part: Message) -> tuple[str, bool]:
    text = decode(content_of(part), _charset(part)).replace("\r\n", "\n").replace("\r", "\n")
    if part.get_content_type() == "text/html":
        return markup.to_text(text)[:LONGEST_TEXT], False
    if FLOWED.search(str(part.get("content-type", ""))):
        text = _unflowed(text)
    return text[:LONGEST_TEXT], True


def _charset(part: Message) -> str | None:
    try:
        found = part.get_param("charset")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return found[2] if isinstance(found, tuple) else str(found) if found else None


def _unflowed(text: str) -> str:
    """Join the lines that a mailer broke: they end with a space; a signature's mark does too."""
    lines = [line.removeprefix(" ") for line in text.split("\n")]
    ends = ["" if line.endswith(" ") and line != "-- " else "\n" for line in lines]
    return "".join(line + end for line, end in zip(lines, ends, strict=True)).removesuffix("\n")


def _keep(leaf: Leaf, found: Content) -> None:
    media_type = leaf.part.get_content_type()
    if media_type in PROOFS or media_type == "message/delivery-status":
        return
    if media_type in SEALED:
        found.strange.append("encrypted mail")
        return
    name, size = name_of(leaf.part), _size(leaf.part)
    name = name or ("mail.eml" if media_type == "message/rfc822" else None)
    kind = KINDS.get(media_type.partition("/")[0], "file") if "svg" not in media_type else "file"
    if kind == "image" and size < SMALLEST_PICTURE and not _is_attached(leaf.part):
        return
    if len(found.files) < MOST_FILES:
        found.files.append(Attached(leaf.number, kind, name, media_type[:100], size))
    elif "more files" not in found.strange:
        found.strange.append("more files")


def _size(part: Message) -> int:
    inner = part.get_payload()
    if (
        isinstance(inner, str)
        and str(part.get("content-transfer-encoding", "")).lower() == "base64"
    ):
        return (len(inner) - inner.count("\n") - inner.count("\r")) * 3 // 4
    return len(content_of(part))
