"""A mail provider with one account of ours, and the customers who write to it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.email import simulated_imap, simulated_smtp
from channels.email.simulated_imap import Folder
from channels.files import Kind
from channels.simulation import Fault, Push, SeenFile

ADDRESS, PASSWORD = "help@shop.example", "simulated-app-password"
CUSTOMERS = "mail.example"
TYPES: dict[Kind, str] = {
    "image": "image/png",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "file": "application/pdf",
}
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Simulator(simulation.Simulator):
    """The provider; a push is a mail's bytes, and `offer` puts it into the INBOX."""

    channel = "email"
    can_be_stale = can_be_forged = False

    def __init__(self, inbox: str, clock: Clock, security: str = "none") -> None:
        super().__init__(inbox, clock)
        self.address, self.password, self.ways = ADDRESS, PASSWORD, "PLAIN LOGIN"
        self.security = security
        self.offers_tls = security == "starttls"
        self.tls: ssl.SSLContext | None = None
        self.folder = Folder(ADDRESS, PASSWORD, validity=int(clock().timestamp()))
        self.sent: list[EmailMessage] = []
        """All mails of ours, as they came over the wire."""
        self._ports, self._reserved = (993, 465), False
        self._written = 0
        self._roots: dict[str, str] = {}
        self._people: dict[str, str] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this account; the ports are right while it serves."""
        imap, smtp = self._ports
        return {
            "address": self.address,
            "password": self.password,
            "imap_host": "localhost",
            "imap_port": imap,
            "imap_security": self.security,
            "smtp_host": "localhost",
            "smtp_port": smtp,
            "smtp_security": self.security,
        }

    @property
    def app(self) -> ASGIApp:
        """Return an app without a route: mail is not HTTP."""
        return Starlette()

    def reserve(self) -> None:
        """Choose two free ports."""
        with socket.socket() as one, socket.socket() as other:
            for each in (one, other):
                each.bind(("127.0.0.1", 0))
            self._ports = one.getsockname()[1], other.getsockname()[1]
        self._reserved = True

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Speak IMAP and SMTP on free ports of this machine."""
        talking: set[asyncio.Task[None]] = set()

        def serve(talk: Talk) -> Callable[..., None]:
            def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.ensure_future(_until_the_end(talk, reader, writer))
                talking.add(task)
                task.add_done_callback(talking.discard)

            return begin

        self.folder.tls = self.tls if self.offers_tls else None
        tls = self.tls if self.security == "tls" else None
        ports = self._ports if self._reserved else (0, 0)
        reading = await asyncio.start_server(serve(self._give), "127.0.0.1", ports[0], ssl=tls)
        taking = await asyncio.start_server(serve(self._take), "127.0.0.1", ports[1], ssl=tls)
        self._ports = reading.sockets[0].getsockname()[1], taking.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            reading.close()
            taking.close()
            for task in list(talking):
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)

    def say(self, contact: str, text: str) -> Push:
        """Return a mail with a customer's text, in their one thread."""
        return self.letter(contact, text, "")

    def letter(self, contact: str, text: str, subject: str) -> Push:
        """Return a mail with a subject: an answer to our last one, or to the customer's first."""
        headers = {"subject": subject} if subject else {}
        if (root := self._roots.get(contact)) is not None:
            ours = [seen.platform_id for seen in self.seen_by(contact) if seen.platform_id]
            last = ours[-1] if ours else root
            headers |= {"in_reply_to": last, "references": f"{root} {last}"}
        push = self.write(contact, text, **headers)
        self._roots.setdefault(contact, str(message_from_bytes(push.body)["message-id"]))
        return push

    def write(self, contact: str, text: str, **headers: str) -> Push:
        """Return a mail with any headers; `in_reply_to` becomes In-Reply-To."""
        self._written += 1
        self._people[self.address_of(contact).lower()] = contact
        mail = EmailMessage(policy=SMTP)
        before = [seen.platform_id for seen in self.seen_by(contact) if seen.platform_id]
        given = {
            "From": f'"李雷" <{self.address_of(contact)}>',
            "To": self.address,
            "Date": f"{self.clock():%a, %d %b %Y %H:%M:%S +0000}",
            "Message-ID": f"<{self._written}.{self.clock():%y%m%d%H%M%S}@{CUSTOMERS}>",
            **({"In-Reply-To": before[-1], "References": before[-1]} if before else {}),
            **{name.replace("_", "-").title(): value for name, value in headers.items()},
        }
        for name, value in given.items():
            del mail[name]
            mail[name] = value
        mail.set_content(text)
        return Push(contact, body=mail.as_bytes())

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return a mail with a file."""
        mail = message_from_bytes(self.write(contact, "").body, policy=SMTP)
        main, _, sub = TYPES[kind].partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return Push(contact, body=mail.as_bytes())

    def forget_files(self) -> None:
        """Let somebody empty the mailbox."""
        self.folder.mails.clear()

    def garbage(self, contact: str) -> Push:
        """Return a mail that nobody wrote."""
        return Push(contact, body=b"Subject: ?\r\n\r\n\xff\xfe\0")

    def forged(self, contact: str, text: str) -> Push:
        """Return the same mail: whether a sender is genuine is the provider's business."""
        return self.say(contact, text)

    async def deliver(self, client: httpx.AsyncClient, url: str, push: Push) -> int:
        """Put a mail into the INBOX once it is followed: older mail is nobody's business."""
        _ = client, url
        try:
            async with asyncio.timeout(self.patience):
                await self.folder.hears("UID SEARCH", 1)
        except TimeoutError:
            return 503
        await self.offer(push)
        return 200

    def unasked(self) -> int:
        """Return how many mails nobody has read yet."""
        return sum(mail.uid > self.folder.given for mail in self.folder.mails)

    def dropped(self) -> None:
        """Take back what was given out last, until it is read anew."""
        self.folder.given = self.folder.asked

    def troubles(self, delay: float) -> Mapping[str, Fault]:
        """Return what a server may do that takes mail, by SMTP's own codes; 0 hangs up."""
        return {
            "no service": Fault(421, b"4.3.2 not now"),
            "busy": Fault(450, b"4.2.1 busy"),
            "greylisted": Fault(451, b"4.7.1 later"),
            "slow": Fault(451, b"4.4.2 later", delay=delay),
            "slow after the work": Fault(250, b"2.0.0 kept", delay=delay, after_work=True),
            "reset": Fault(0),
            "reset after the work": Fault(0, after_work=True),
        }

    async def offer(self, push: Push) -> int:
        """Put a mail into the INBOX; return its number there."""
        return await self.folder.put(push.body, self.clock())

    @staticmethod
    def address_of(contact: str) -> str:
        """Return a customer's address."""
        return contact if "@" in contact else f"{contact}@{CUSTOMERS}"

    async def trouble(self) -> Fault | None:
        """Return the fault that hits this mail, its delay over unless the work comes first."""
        self.calls.append("mail")
        if not self.faults:
            return None
        hit = self.faults[0]
        hit.times -= 1
        if hit.times <= 0:
            self.faults.popleft()
        if hit.delay and not hit.after_work:
            await hit.pause(hit.delay)
        return hit

    def take(self, recipient: str, mail: bytes) -> None:
        """Put a mail on the recipient's screen: its plain text."""
        read = message_from_bytes(mail, policy=SMTP)
        self.sent.append(read)
        body = read.get_body(("plain",))
        text = body.get_content().replace("\r\n", "\n").removesuffix("\n") if body else ""
        known = self._people.get(recipient.lower())
        contact, name = known or recipient.removesuffix(f"@{CUSTOMERS}"), str(read["message-id"])
        files: list[SeenFile | None] = [_seen(part) for part in read.iter_attachments()]
        above = str(read["subject"] or "")
        self.show(contact, text, platform_id=name, file=(files or [None])[0], subject=above)
        for file in files[1:]:
            self.show(contact, "", platform_id=name, file=file)

    async def _give(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await simulated_imap.Session(self.folder, reader, writer).run()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await simulated_smtp.Session(self, reader, writer).run()


def _seen(part: EmailMessage) -> SeenFile:
    main = part.get_content_maintype()
    kind: Kind = next((kind for kind, name in TYPES.items() if name.startswith(main)), "file")
    content = part.get_payload(decode=True)
    return SeenFile(kind, content if isinstance(content, bytes) else b"", part.get_filename())


async def _until_the_end(
    talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(OSError, ValueError, EOFError):
        try:
            await talk(reader, writer)
        finally:
            writer.close()
