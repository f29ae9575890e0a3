"""As much of SMTP as handing over one mail takes: RFC 5321, STARTTLS (3207) and AUTH (4954)."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

from channels.email.wire import Place, Wire, connect
from channels.errors import ChannelError, Refused, TooLong, Unauthorized, Unavailable, Uncertain

Stage = Literal["greeting", "login", "sender", "recipient", "content"]
TOTAL = 25.0
"""Seconds for all of one mail: less than a sender's own patience."""
MOST_LINES = 100
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
TOO_LARGE = frozenset({"552", "5.3.4", "5.2.3"})
MEANING: dict[Stage, tuple[type[ChannelError], str]] = {
    "greeting": (Unavailable, "the mail server takes no mail now"),
    "login": (
        Unauthorized,
        "the mail server refuses the login: is SMTP on? an app password?",
    ),
    "sender": (Unauthorized, "the mail server does not let this login send as the inbox's address"),
    "recipient": (Refused, "the customer's mailbox is refused"),
    "content": (Refused, "the mail server refuses the mail"),
}
"""What a final no (5xx) means, by what was asked; any 4xx means later."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said: its code, and its words, which are not repeated to anybody."""

    code: int
    lines: tuple[str, ...]

    @property
    def short(self) -> str:
        """The codes alone."""
        found = ENHANCED.search(self.lines[-1])
        return f"{self.code} {found[0]}" if found else f"{self.code}"


async def hand_over(
    place: Place, login: tuple[str, str] | None, sender: str, recipient: str, mail: bytes
) -> None:
    """Give one mail to the server.

    Raises:
        Uncertain: all of it was written, and the answer never came.
        ChannelError: it was not taken; its class says whether to try again.
    """
    written = False
    try:
        async with asyncio.timeout(TOTAL), ready(place, login, sender) as server:
            await server.ask(f"MAIL FROM:<{sender}>", "sender")
            await server.ask(f"RCPT TO:<{recipient}>", "recipient")
            await server.ask("DATA", "content", good=3)
            written = True
            await server.give(mail)
    except Later as problem:
        raise Unavailable(f"{problem}") from None
    except (TimeoutError, Unavailable) as problem:
        if written:
            raise Uncertain("the mail was written, the server's answer never came") from None
        if isinstance(problem, TimeoutError):
            raise Unavailable(f"{place}: too slow") from None
        raise


@asynccontextmanager
async def ready(place: Place, login: tuple[str, str] | None, sender: str) -> AsyncIterator[Talk]:
    """Connect and log in.

    Raises:
        ChannelError: the server cannot be reached, or refuses the login.
    """
    async with connect(place) as wire:
        talk = Talk(wire)
        await talk.greet(sender.rpartition("@")[2])
        if login is not None:
            await talk.log_in(*login)
        yield talk
        with suppress(Unavailable):
            await wire.write(b"QUIT\r\n")


class Later(Unavailable):
    """The server said no for now (4xx)."""


class Talk:
    """A connection to a server that takes mail."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._able: dict[str, str] = {}

    async def greet(self, name: str) -> None:
        """Exchange names, and encrypt if that is what the place says."""
        _judge(await self._reply(), "greeting", 2)
        await self._hello(name)
        if self._wire.place.security == "starttls":
            if "STARTTLS" not in self._able:
                raise Unavailable(f"{self._wire.place} offers no STARTTLS")
            await self.ask("STARTTLS", "greeting")
            await self._wire.secure()
            await self._hello(name)

    async def log_in(self, user: str, password: str) -> None:
        """Prove who we are, by PLAIN or LOGIN."""
        ways = self._able.get("AUTH", "").upper().split()
        if "PLAIN" in ways or "LOGIN" not in ways:
            await self.ask(f"AUTH PLAIN {_packed(f'{chr(0)}{user}{chr(0)}{password}')}", "login")
            return
        await self.ask("AUTH LOGIN", "login", good=3)
        await self.ask(_packed(user), "login", good=3)
        await self.ask(_packed(password), "login")

    async def ask(self, command: str, stage: Stage, *, good: int = 2) -> Reply:
        """Say one line; raise what a refusal of it means."""
        await self._wire.write(f"{command}\r\n".encode())
        return _judge(await self._reply(), stage, good)

    async def give(self, mail: bytes) -> None:
        """Write the mail itself; lines end as SMTP wants them, and none is taken for the end."""
        lines = mail.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        stuffed = [b"." + line if line.startswith(b".") else line for line in lines]
        if stuffed and not stuffed[-1]:
            stuffed.pop()
        await self._wire.write(b"\r\n".join([*stuffed, b".", b""]))
        _judge(await self._reply(), "content", 2)

    async def _hello(self, name: str) -> None:
        reply = await self.ask(f"EHLO {name}", "greeting")
        words = [line.upper().replace("=", " ", 1).partition(" ") for line in reply.lines[1:]]
        self._able = {name: rest for name, _, rest in reversed(words)}

    async def _reply(self) -> Reply:
        lines: list[str] = []
        while len(lines) < MOST_LINES:
            line = (await self._wire.line()).decode("ascii", "replace")
            if not re.match(r"[2-5]\d\d(?:[ -]|$)", line):
                raise Unavailable(f"{self._wire.place} does not speak SMTP")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Reply(int(line[:3]), tuple(lines))
        raise Unavailable(f"{self._wire.place} does not stop talking")


def _judge(reply: Reply, stage: Stage, good: int) -> Reply:
    kind = reply.code // 100
    if kind == good:
        return reply
    if kind != 5:  # noqa: PLR2004 - permanent
        raise Later(f"the mail server says later ({reply.short})")
    if TOO_LARGE & set(reply.short.split()):
        raise TooLong(f"the mail is larger than the mail server takes ({reply.short})")
    error, words = MEANING[stage]
    raise error(f"{words} ({reply.short})")


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
