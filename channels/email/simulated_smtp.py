"""The side of a mail server that takes mail."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from typing import Protocol

from channels.simulation import Fault

PATH = re.compile(r"(?:MAIL FROM|RCPT TO):<([^<>\s]*)>", re.IGNORECASE)
LOGIN_REFUSED = (530, 534, 535, 538)
GREETING_REFUSED = (421, 554)
SENDER_REFUSED, RECIPIENT_REFUSED = (553,), (450, 550, 551)


class PostOffice(Protocol):
    """Whose mail it takes."""

    address: str
    password: str
    ways: str
    offers_tls: bool
    tls: ssl.SSLContext | None

    async def trouble(self) -> Fault | None:
        """Return what goes wrong with this mail."""
        ...

    def take(self, recipient: str, mail: bytes) -> None:
        """Put a mail on the recipient's screen."""
        ...


class Session:
    """One connection of somebody who hands over mail."""

    def __init__(
        self, office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._office, self._reader, self._writer = office, reader, writer
        self._fault: Fault | None = None
        self._knows = not office.ways
        self._recipient = ""

    async def run(self) -> None:
        """Speak until the other side, or a fault, ends it."""
        self._fault = await self._office.trouble()
        if self._fault and not self._fault.status and not self._fault.after_work:
            return
        if self._hits(*GREETING_REFUSED):
            return
        self._say("220 mail.example ready")
        while line := (await self._reader.readline()).decode("utf-8", "replace").strip():
            word = line.split()[0].upper()
            if word == "QUIT":
                self._say("221 bye")
                return
            if not await self._do(word, line):
                return

    async def _do(self, word: str, line: str) -> bool:
        """Do one command; False ends the connection."""
        match word:
            case "EHLO":
                tls = "250-STARTTLS\r\n" if self._office.offers_tls else ""
                self._say(f"250-mail.example\r\n{tls}250-AUTH {self._office.ways}\r\n250 8BITMIME")
            case "STARTTLS" if self._office.offers_tls and self._office.tls:
                self._say("220 go on")
                await self._writer.start_tls(self._office.tls)
            case "AUTH":
                await self._log_in(line)
            case "MAIL" | "RCPT":
                self._address(word, line)
            case "DATA":
                return await self._take()
            case _:
                self._say("502 5.5.2 not that")
        return True

    def _address(self, word: str, line: str) -> None:
        found = PATH.match(line)
        if not self._knows or found is None:
            self._say("501 5.1.3 nobody" if self._knows else "530 5.7.0 log in first")
        elif not self._hits(*(SENDER_REFUSED if word == "MAIL" else RECIPIENT_REFUSED)):
            self._recipient = found[1]
            self._say("250 2.1.0 ok")

    async def _log_in(self, line: str) -> None:
        if self._hits(*LOGIN_REFUSED):
            return
        _, way, *rest = line.split()
        if way.upper() == "PLAIN" and rest:
            user, password = _unpacked(rest[0]).split("\0")[1:]
        else:
            asked = []
            for question in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6"):
                self._say(f"334 {question}")
                asked.append(_unpacked((await self._reader.readline()).decode().strip()))
            user, password = asked
        self._knows = (user, password) == (self._office.address, self._office.password)
        self._say("235 2.7.0 welcome" if self._knows else "535 5.7.8 no")

    async def _take(self) -> bool:
        self._say("354 go on")
        lines = []
        while (line := await self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        fault = self._fault
        if fault is None or fault.after_work:
            self._office.take(self._recipient, b"".join(lines))
        if fault is None:
            self._say("250 2.0.0 kept")
            return True
        if fault.after_work and fault.delay:
            await fault.pause(fault.delay)
        if fault.status:
            self._say(_words(fault))
        return bool(fault.status)

    def _hits(self, *codes: int) -> bool:
        """Say whether the fault is one of these; then it is said now."""
        if self._fault is None or self._fault.status not in codes:
            return False
        self._say(_words(self._fault))
        return True

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())


def _words(fault: Fault) -> str:
    return f"{fault.status} {fault.body.decode() or 'no'}"


def _unpacked(text: str) -> str:
    return base64.b64decode(text).decode("utf-8", "replace")
