"""From our words to a mail: plain text, the same as simple HTML, and the headers of an answer."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from channels.email import threads
from channels.email.attachments import Attachment
from channels.email.headers import ID, decoded
from channels.email.parse import REPLY
from channels.message import Part
from channels.text import plain, split

TEXT_LIMIT = 20_000
LONGEST_SUBJECT, LONGEST_REFERENCES = 200, 900
LINK = re.compile(r"https?://[^\s<>\"'（），。；！？、]{1,2000}[^\s<>\"'（），。；！？、.,;:!?)\]]")
POLICY = SMTP.clone(max_line_length=78)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a mail of a thread needs besides its words."""

    thread: str
    contact: str
    subject: str
    ids: tuple[str, ...]
    """The Message-IDs before it, the one that is answered last."""


@dataclass(frozen=True, slots=True)
class Sender:
    """How we appear to who gets our mail."""

    address: str
    name: str | None
    plus_address: bool = False
    subject_tag: bool = False

    @property
    def domain(self) -> str:
        """What our Message-IDs end with."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail, ready to be handed over."""

    message_id: str
    made: EmailMessage

    @property
    def content(self) -> bytes:
        """The mail as it goes over the wire."""
        return self.made.as_bytes()


def pieces(parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the text of each mail it takes: one, unless it is a book."""
    return split(plain(parts), TEXT_LIMIT)


def mail(
    text: str,
    message_id: str,
    envelope: Envelope,
    sender: Sender,
    now: datetime,
    *,
    automatic: bool,
) -> Outgoing:
    """Return a mail; nothing that a stranger wrote can add a header to it."""
    made = EmailMessage(policy=POLICY)
    made["From"] = _own(sender)
    made["To"] = Address(addr_spec=envelope.contact)
    made["Subject"] = subject(envelope, sender)
    made["Date"] = now
    made["Message-ID"] = message_id
    if sender.plus_address:
        made["Reply-To"] = Address(addr_spec=threads.plus(sender.address, envelope.thread))
    if ids := [each for each in envelope.ids if ID.fullmatch(each)]:
        made["In-Reply-To"] = ids[-1]
        made["References"] = _references(ids)
    if automatic:
        made["Auto-Submitted"] = "auto-replied"
        made["X-Auto-Response-Suppress"] = "All"
    made.set_content(text, cte="base64")
    made.add_alternative(as_html(text), subtype="html", cte="base64")
    return Outgoing(message_id, made)


def attach(outgoing: Outgoing, files: Sequence[Attachment]) -> None:
    """Attach files to a mail."""
    for file in files:
        main, _, sub = file.type.partition("/")
        outgoing.made.add_attachment(
            file.content, maintype=main, subtype=sub, filename=decoded(file.name)
        )


def subject(envelope: Envelope, sender: Sender) -> str:
    """Return the subject of a reply: one "Re: ", whatever was before it."""
    words = decoded(envelope.subject)
    while found := REPLY.match(words):
        words = words[found.end() :].lstrip()
    words = threads.TAG.sub("", words).strip()[:LONGEST_SUBJECT]
    tag = f" [#{envelope.thread}]" if sender.subject_tag else ""
    return f"Re: {words or (sender.name or sender.address)}{tag}"


def as_html(text: str) -> str:
    """Return text as HTML that shows the same and can be clicked."""
    lines = "<br>\n".join(_linked(line) for line in text.split("\n"))
    return f'<html><body><div style="font-family:sans-serif">{lines}</div></body></html>\n'


def _linked(line: str) -> str:
    made, end = "", 0
    for found in LINK.finditer(line):
        target = html.escape(found[0])
        made += html.escape(line[end : found.start()]) + f'<a href="{target}">{target}</a>'
        end = found.end()
    return made + html.escape(line[end:])


def _own(sender: Sender) -> Address:
    return Address(display_name=decoded(sender.name or ""), addr_spec=sender.address)


def _references(ids: Sequence[str]) -> str:
    """Return the root and as many of the last ones as a line of reasonable length holds."""
    kept: list[str] = []
    room = LONGEST_REFERENCES - len(ids[0])
    for each in reversed(ids[1:]):
        room -= len(each) + 1
        if room < 0:
            break
        kept.insert(0, each)
    return " ".join([ids[0], *kept])
