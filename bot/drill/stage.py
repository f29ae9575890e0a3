"""One channel in the drill: its simulated platform, its customers, and what they saw."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from sqlmodel import Session

from bot.drill import script
from bot.drill.judge import Records, Said, Shown
from bot.drill.script import STRANGERS, Step, Trick
from channels.message import text_of
from channels.simulation import Push, Simulator
from channels.testing import troubles
from storage import overview
from storage.models import Author, DeliveryStatus

INSISTS_SECONDS = 120.0
"""How long a platform repeats a call that nobody takes."""
IMPATIENT = 1.0
"""Seconds after which the instance gives up a platform's answer."""
POLL_SECONDS = 0.3
REFUSED = frozenset({401, 403})


@dataclass
class Stage:
    """Plays the scripts of a channel's customers and keeps the records."""

    simulator: Simulator
    root: str
    client: httpx.AsyncClient
    said: dict[int, Said] = field(default_factory=dict)
    forged: set[int] = field(default_factory=set)
    refused: int = 0

    @property
    def hook(self) -> str:
        """Where the platform calls the instance."""
        kind = "messages" if self.simulator.channel == "webchat" else "webhook"
        return f"{self.root}/inboxes/{self.simulator.inbox}/{kind}"

    async def play(self, contact: str, steps: Sequence[Step]) -> None:
        """Let one customer do all steps; what is to be replayed comes again at the end."""
        replays: list[Push] = []
        for step in steps:
            # One that fails again and again waits for minutes: one trouble at a time is enough.
            if step.fault is not None and not self.simulator.faults:
                fault = troubles.short(self.simulator, 2 * IMPATIENT)[step.fault]
                self.simulator.faults.append(fault)
            if step.trick in STRANGERS or step.trick is Trick.GARBAGE:
                await self._intrude(contact, step)
            else:
                pushes = {n: self.simulator.say(contact, script.question(n)) for n in step.numbers}
                await self._push(contact, step.trick, pushes)
                replays += pushes.values() if step.trick is Trick.REPLAYED else ()
            await asyncio.sleep(step.pause)
        for push in replays:
            await self._insist(push)

    async def look(self, contacts: Sequence[str]) -> None:
        """Read what is new, where customers fetch their answers; elsewhere it is shown."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self.fetch(contacts)
            await asyncio.sleep(POLL_SECONDS)

    async def fetch(self, contacts: Sequence[str]) -> None:
        """Read once what is new for these customers, where they fetch it."""
        poll = getattr(self.simulator, "poll", None)
        if poll is not None:
            for contact in contacts:
                await poll(self.client, self.root, contact)

    def records(self, session: Session) -> Records:
        """Put together what the platform saw and what the instance remembers."""
        inbox = self.simulator.inbox
        kept = [
            script.asked(text_of(message.parts))
            for message in overview.spoken(session, inbox)
            if message.author is Author.CONTACT
        ]
        doubtful = [
            number
            for delivery in overview.deliveries(session, inbox)
            if delivery.status is DeliveryStatus.UNCERTAIN
            for number in script.answered(text_of(delivery.parts))
        ]
        return Records(
            said=list(self.said.values()),
            shown=list(self._shown()),
            kept=[number for number in kept if number is not None],
            uncertain=frozenset(doubtful),
            forged=frozenset(self.forged),
            refused=self.refused,
        )

    def _shown(self) -> list[Shown]:
        return [
            Shown(number, seen.at)
            for seen in self.simulator.screen
            if seen.at is not None
            for number in script.answered(seen.text)
        ]

    async def _push(self, contact: str, trick: Trick, pushes: dict[int, Push]) -> None:
        match trick:
            case Trick.SWAPPED:
                for number in reversed(pushes):
                    await self._say(contact, number, pushes[number])
            case Trick.THRICE:
                await asyncio.gather(
                    *(self._say(contact, n, push) for n, push in pushes.items() for _ in range(3))
                )
            case _:
                await asyncio.gather(*(self._say(contact, n, p) for n, p in pushes.items()))

    async def _say(self, contact: str, number: int, push: Push) -> None:
        begun = self._now()
        self.said.setdefault(number, Said(number, contact, begun))
        taken = await self._insist(push)
        known = self.said[number]
        if taken and known.acknowledged is None:
            self.said[number] = Said(number, contact, known.begun, self._now())

    async def _insist(self, push: Push) -> bool:
        """Deliver until it is taken, as platforms do; return whether it was."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INSISTS_SECONDS):
                while True:
                    status = await self.simulator.deliver(self.client, self.hook, push)
                    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
                        return True
                    if 400 <= status < 500:  # noqa: PLR2004 - likewise
                        return False
                    await asyncio.sleep(0.1)
        return False

    async def _intrude(self, contact: str, step: Step) -> None:
        """Call with what must be refused, or with what nobody can understand."""
        if step.trick is Trick.GARBAGE:
            await self._insist(self.simulator.garbage(contact))
            return
        (number,) = step.numbers
        make = self.simulator.stale if step.trick is Trick.STALE else self.simulator.forged
        push = make(contact, script.question(number))
        self.forged.add(number)
        status = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(INSISTS_SECONDS):
                while not 200 <= status < 500:  # noqa: PLR2004 - HTTP
                    status = await self.simulator.deliver(self.client, self.hook, push)
        self.refused += status in REFUSED

    def _now(self) -> datetime:
        return self.simulator.clock()
