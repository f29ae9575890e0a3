"""The side of a mail server that gives mail out."""

from __future__ import annotations

import asyncio
import base64
import re
import shlex
import ssl
from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime

FETCH = re.compile(r"UID FETCH (\d+) \(UID (RFC822\.SIZE|BODY\.PEEK\[\](?:<0\.(\d+)>)?)\)")
SEARCH = re.compile(r"UID SEARCH (?:UID (\d+):\*|SINCE (\S+) SENTSINCE \S+)")
ABLE = "IMAP4rev1 ID IDLE"


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail in the folder."""

    uid: int
    raw: bytes = field(repr=False)
    came: datetime


@dataclass(slots=True)
class Folder:
    """The INBOX of one account, and what may go wrong with it.

    `faults` holds, by command, what is said instead of doing it: the words after the tag, `drop`
    to hang up, `hang` to say nothing any more.
    """

    address: str
    password: str
    mails: list[Kept] = field(default_factory=list)
    validity: int = 1700000000
    next_uid: int = 1
    able: str = ABLE
    tells_next: bool = True
    tls: ssl.SSLContext | None = None
    faults: dict[str, deque[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """The first word or two of each command; never what came with it."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    given: int = 0
    """The highest number of a mail that was given out."""
    asked: int = 0
    """Up to which number who reads has everything, by what was asked for last."""

    async def put(self, raw: bytes, came: datetime) -> int:
        """Put a mail into the folder, and tell who waits."""
        async with self.news:
            uid, self.next_uid = self.next_uid, self.next_uid + 1
            self.mails.append(Kept(uid, raw, came))
            self.news.notify_all()
        return uid

    async def renumber(self) -> None:
        """Let the server lose its numbers, as after a restore: every mail gets another one."""
        async with self.news:
            self.validity += 1
            shuffled = [*self.mails[1:], *self.mails[:1]]
            self.mails = [Kept(n, mail.raw, mail.came) for n, mail in enumerate(shuffled, 1)]
            self.next_uid = len(self.mails) + 1

    async def hears(self, command: str, times: int) -> None:
        """Wait until a command was given so many times."""
        async with self.news:
            await self.news.wait_for(lambda: self.said.count(command) >= times)


class Session:
    """One connection of somebody who reads."""

    def __init__(
        self, folder: Folder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._folder, self._reader, self._writer = folder, reader, writer
        self._knows, self._told = False, 0

    async def run(self) -> None:
        """Speak until the other side, or a fault, ends it."""
        self._say("* OK ready")
        while line := (await self._reader.readline()).decode("utf-8", "replace").strip():
            tag, _, command = line.partition(" ")
            words = command.upper().split()
            name = " ".join(words[:2]) if words[0] == "UID" else words[0]
            fault = await self._fault(name)
            if fault == "drop" or name == "LOGOUT":
                return
            self._say(f"{tag} {fault or await self._do(name, command)}")
            if name == "STARTTLS" and self._folder.tls:
                await self._writer.start_tls(self._folder.tls)

    async def _fault(self, name: str) -> str:
        """Take note of a command, and return what goes wrong with it, or nothing."""
        async with self._folder.news:
            self._folder.said.append(name)
            self._folder.news.notify_all()
        fault = (self._folder.faults.get(name) or deque([""])).popleft()
        if fault == "hang":
            await asyncio.Event().wait()
        if fault != "drop" and name == "STARTTLS" and self._folder.tls is None:
            return "NO"
        return fault

    async def _do(self, name: str, command: str) -> str:
        """Do one command and return how it ends."""
        if name in ("EXAMINE", "UID SEARCH", "UID FETCH", "IDLE") and not self._knows:
            return "NO log in first"
        match name:
            case "CAPABILITY":
                self._say(f"* CAPABILITY {self._folder.able}")
            case "LOGIN" | "AUTHENTICATE":
                return await self._log_in(command)
            case "EXAMINE":
                return self._open(command)
            case "UID SEARCH":
                self._search(command)
            case "UID FETCH":
                self._fetch(command)
            case "IDLE":
                await self._idle()
            case _:
                pass
        return "OK done"

    async def _log_in(self, command: str) -> str:
        if command.startswith("LOGIN"):
            user, password = shlex.split(command)[1:3]
        else:
            self._say("+")
            given = base64.b64decode(await self._reader.readline()).decode()
            user, password = given.split("\0")[1:3]
        self._knows = (user, password) == (self._folder.address, self._folder.password)
        return "OK welcome" if self._knows else "NO [AUTHENTICATIONFAILED] no"

    def _open(self, command: str) -> str:
        if command != 'EXAMINE "INBOX"':
            return "NO [NONEXISTENT] no such folder"
        folder = self._folder
        self._count()
        self._say(f"* OK [UIDVALIDITY {folder.validity}] numbers")
        if folder.tells_next:
            self._say(f"* OK [UIDNEXT {folder.next_uid}] the next")
        return "OK [READ-ONLY] open"

    def _search(self, command: str) -> None:
        found = SEARCH.fullmatch(command)
        assert found  # noqa: S101 - the adapter asks for nothing else
        mails, self._told = self._folder.mails, len(self._folder.mails)
        if found[1]:
            self._folder.asked = int(found[1]) - 1
            self._folder.given = max(self._folder.given, self._folder.asked)
            uids = [mail.uid for mail in mails if mail.uid >= int(found[1])]
            uids = uids or [mail.uid for mail in mails[-1:]]  # as servers do: n:* holds the last
        else:
            day = datetime.strptime(found[2], "%d-%b-%Y").astimezone().date()
            uids = [mail.uid for mail in mails if min(mail.came.date(), _written(mail.raw)) >= day]
        self._say(" ".join(["* SEARCH", *map(str, uids)]))

    def _fetch(self, command: str) -> None:
        found = FETCH.fullmatch(command)
        assert found  # noqa: S101 - likewise
        for number, mail in enumerate(self._folder.mails, 1):
            if mail.uid != int(found[1]):
                continue
            if found[2] == "RFC822.SIZE":
                self._say(f"* {number} FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)})")
                continue
            raw, part = (mail.raw[: int(found[3])], "<0>") if found[3] else (mail.raw, "")
            self._say(f"* {number} FETCH (UID {mail.uid} BODY[]{part} {{{len(raw)}}}")
            self._writer.write(raw + b")\r\n")
            self._folder.given = max(self._folder.given, mail.uid)

    async def _idle(self) -> None:
        self._say("+ idling")
        done = asyncio.ensure_future(self._reader.readline())
        try:
            while not done.done():
                # Also of what came between the last look and now, as servers do.
                news = asyncio.ensure_future(self._news())
                await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if not done.done():
                    self._count()
        finally:
            done.cancel()

    async def _news(self) -> None:
        async with self._folder.news:
            await self._folder.news.wait_for(lambda: len(self._folder.mails) > self._told)

    def _count(self) -> None:
        self._told = len(self._folder.mails)
        self._say(f"* {self._told} EXISTS")

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())


def _written(raw: bytes) -> date:
    return parsedate_to_datetime(message_from_bytes(raw)["date"]).date()
