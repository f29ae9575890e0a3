"""As much of IMAP as reading one folder takes: RFC 3501, IDLE (2177) and ID (2971).

The folder is opened read-only: whether a person has seen a mail is left as it is.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date

from channels.email.wire import MIB, Place, Wire, connect
from channels.errors import Unauthorized, Unavailable

LITERAL = re.compile(rb"\{(\d{1,12})\+?\}$")
VALIDITY = re.compile(rb"\[UIDVALIDITY (\d{1,10})\]", re.IGNORECASE)
NEXT = re.compile(rb"\[UIDNEXT (\d{1,10})\]", re.IGNORECASE)
SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})", re.IGNORECASE)
CODE = re.compile(rb"\[([A-Z-]{1,30})", re.IGNORECASE)
SHORT_BODY = re.compile(rb'BODY\[\](?:<0>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
NEWS = re.compile(rb"\* \d+ (EXISTS|RECENT)", re.IGNORECASE)
PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN")
"""Response codes (RFC 5530) that say the login itself may be right."""
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
BEGINNING = 256 * 1024
"""How much is fetched of a mail that is too large."""
MOST_LINES = 200_000
"""Lines of one answer."""
OVERHEAD = MIB


class No(Exception):
    """The server did not do it, and may be asked other things."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail, or its beginning, and how large it is."""

    raw: bytes = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class _Answer:
    """One line from the server, and the bytes that it announced."""

    line: bytes
    literals: tuple[bytes, ...] = field(repr=False)


class Box:
    """A folder that is open, over one connection."""

    def __init__(self, wire: Wire, largest: int) -> None:
        self._wire, self._largest, self._count = wire, largest, 0
        self._able: frozenset[bytes] = frozenset()
        self.validity = 0
        self.next_uid = 1

    @property
    def can_wait(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return b"IDLE" in self._able

    async def enter(self, login: tuple[str, str], folder: str) -> None:
        """Log in and open the folder.

        Raises:
            Unauthorized: the login is refused, or there is no such folder.
            Unavailable: not now.
        """
        greeting = await self._wire.line()
        if not greeting.upper().startswith((b"* OK", b"* PREAUTH")):
            raise Unavailable(f"{self._wire.place} takes no calls now")
        if self._wire.place.security == "starttls":
            await self._secure()
        await self._log_in(*login)
        await self._ask_able()
        if b"ID" in self._able:  # 163.com and 126.com let nobody in who does not say this
            await self._try('ID ("name" "Yingda" "version" "1" "vendor" "Yingda")')
        try:
            answers = await self._ask(f'EXAMINE "{folder}"')
        except No as refused:
            if f"{refused}" in PASSING:
                raise
            raise Unauthorized(f"there is no folder {folder!r}, or it may not be read") from None
        await self._note(answers)

    async def after(self, uid: int) -> list[int]:
        """Return the UIDs above one, in order."""
        # "n:*" names the last mail even if its UID is below n.
        return [each for each in await self._search(f"UID {uid + 1}:*") if each > uid]

    async def since(self, day: date) -> list[int]:
        """Return the UIDs of the mails that came, and were written, on a day or later."""
        told = f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
        return await self._search(f"SINCE {told} SENTSINCE {told}")

    async def fetch(self, uid: int) -> Fetched | None:
        """Return a mail, its beginning if it is too large; None if it is not there any more.

        Raises:
            No: the server does not give it out.
        """
        told = await self._ask(f"UID FETCH {uid} (UID RFC822.SIZE)")
        sizes = [int(found[1]) for each in told if (found := SIZE.search(each.line))]
        if not sizes:
            return None
        size = sizes[-1]
        part = f"<0.{BEGINNING}>" if size > self._largest else ""
        for answer in await self._ask(f"UID FETCH {uid} (UID BODY.PEEK[]{part})"):
            if answer.literals:
                raw = answer.literals[0]
                return Fetched(raw, max(size, len(raw)) if part else len(raw))
            if found := SHORT_BODY.search(answer.line):
                return Fetched(re.sub(rb"\\(.)", rb"\1", found[1]), len(found[1]))
        return None

    async def wait(self, seconds: float) -> None:
        """Return when there may be new mail, at the latest after `seconds`."""
        tag = await self._send("IDLE")
        answer = await self._answer()
        while not answer.line.startswith(b"+"):
            self._mind(answer, tag)
            answer = await self._answer()
        line = await self._wire.line_within(seconds)
        while line is not None and not NEWS.match(line):
            self._mind(_Answer(line, ()), tag)
            line = await self._wire.line_within(seconds)
        await self._wire.write(b"DONE\r\n")
        await self._until(tag)

    async def leave(self) -> None:
        """Say goodbye; the server's answer is not waited for."""
        await self._send("LOGOUT")

    async def _secure(self) -> None:
        try:
            await self._ask("STARTTLS")
        except No:
            raise Unavailable(f"{self._wire.place} offers no STARTTLS") from None
        await self._wire.secure()

    async def _log_in(self, user: str, password: str) -> None:
        try:
            if user.isascii() and password.isascii():
                await self._ask(f"LOGIN {_quoted(user)} {_quoted(password)}")
            else:
                await self._authenticate(user, password)
        except No as refused:
            advice = "the mail server refuses the login: is IMAP on, and is it an app password?"
            if f"{refused}" in PASSING:
                raise
            raise Unauthorized(advice) from None

    async def _authenticate(self, user: str, password: str) -> None:
        tag = await self._send("AUTHENTICATE PLAIN")
        answer = await self._answer()
        if answer.line.startswith(b"+"):
            secret = base64.b64encode(f"\0{user}\0{password}".encode())
            await self._wire.write(secret + b"\r\n")
            await self._until(tag)
        else:
            self._mind(answer, tag)

    async def _ask_able(self) -> None:
        for answer in await self._ask("CAPABILITY"):
            if answer.line.upper().startswith(b"* CAPABILITY "):
                self._able = frozenset(answer.line.upper().split()[2:])

    async def _note(self, answers: list[_Answer]) -> None:
        for answer in answers:
            if found := VALIDITY.search(answer.line):
                self.validity = int(found[1])
            if found := NEXT.search(answer.line):
                self.next_uid = int(found[1])
        if self.next_uid == 1:
            self.next_uid = max(await self._search("UID 1:*"), default=0) + 1

    async def _search(self, what: str) -> list[int]:
        found: set[int] = set()
        for answer in await self._ask(f"UID SEARCH {what}"):
            if answer.line.upper().startswith(b"* SEARCH"):
                found.update(int(each) for each in answer.line.split()[2:] if each.isdigit())
        return sorted(found)

    async def _try(self, command: str) -> None:
        with suppress(No):
            await self._ask(command)

    async def _ask(self, command: str) -> list[_Answer]:
        return await self._until(await self._send(command))

    async def _send(self, command: str) -> bytes:
        self._count += 1
        tag = f"Y{self._count}"
        await self._wire.write(f"{tag} {command}\r\n".encode())
        return tag.encode()

    async def _until(self, tag: bytes) -> list[_Answer]:
        """Return what the server says before it is done with a command."""
        told: list[_Answer] = []
        while len(told) < MOST_LINES:
            answer = await self._answer()
            if self._mind(answer, tag):
                return [*told, answer]
            told.append(answer)
        raise Unavailable(f"{self._wire.place} does not stop talking")

    def _mind(self, answer: _Answer, tag: bytes) -> bool:
        """Say whether it ends the command, and well; an ending of everything is raised."""
        line = answer.line.upper()
        if line.startswith(b"* BYE"):
            raise Unavailable(f"{self._wire.place} ended the talk")
        if not line.startswith(tag + b" "):
            return False
        if line[len(tag) + 1 :].startswith(b"OK"):
            return True
        code = CODE.search(line)
        raise No(code[1].decode() if code else "")

    async def _answer(self) -> _Answer:
        line = await self._wire.line()
        literals: list[bytes] = []
        whole, room = line, self._largest + OVERHEAD
        while found := LITERAL.search(line):
            room -= int(found[1])
            if room < 0:
                raise Unavailable(f"{self._wire.place} announced more than it was asked for")
            literals.append(await self._wire.exactly(int(found[1])))
            line = await self._wire.line()
            whole += b" " + line
        return _Answer(whole, tuple(literals))


@asynccontextmanager
async def opened(
    place: Place, login: tuple[str, str], folder: str, largest: int
) -> AsyncIterator[Box]:
    """Open a folder for as long as the block lasts.

    Raises:
        ChannelError: it cannot be opened; its class says whether a person must see to it.
    """
    async with connect(place) as wire:
        box = Box(wire, largest)
        try:
            await box.enter(login, folder)
            yield box
            await box.leave()
        except No as problem:
            raise Unavailable(f"{place} did not do what it was asked ({problem})") from None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
