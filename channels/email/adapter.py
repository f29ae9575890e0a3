"""One mailbox: customers' mail is read by IMAP and answered by SMTP."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Self

import structlog

from channels.base import Capabilities, Clock, Memory, Rate, Rates, Reception, Sent
from channels.email import attachments, ills, imap, machines, parse, render, smtp, threads
from channels.email.config import Config
from channels.email.follow import Follower
from channels.email.wire import MIB
from channels.errors import ChannelError, Gone, Refused, Unavailable, piece
from channels.files import KINDS, Download, Files, Takes
from channels.health import Finding, ask_each
from channels.message import OutgoingMessage

log = structlog.get_logger(__name__)

RECEIVES = frozenset({"text", "image", "voice", "video", "file", "event", "unsupported"})
RATES = Rates(whole=Rate(1, burst=10))
"""Mailboxes are for people: who sends faster is soon taken for a spammer."""
REMEMBERED = timedelta(days=180)
"""How long the subject of a thread is kept; later a reply bears the firm's name instead."""
AT_ONCE = 64 * 1024
"""Bytes of a mail that is taken apart on the spot."""
HOUR = timedelta(hours=1)


class Adapter:
    """`Adapter(inbox, config, memory, clock)`."""

    capabilities = Capabilities(
        text_limit=render.TEXT_LIMIT,
        receives=RECEIVES,
        sends=frozenset({"text", *KINDS}),
        files=dict.fromkeys(KINDS, Takes(attachments.LARGEST)),
        signed=False,
        rates=RATES,
    )
    polling = True

    def __init__(self, inbox: str, config: Config, memory: Memory, clock: Clock) -> None:
        self.inbox = inbox
        self._config, self._memory, self._clock = config, memory, clock
        self._own = parse.Own(inbox, config.address, config.own_lists)
        self._sender = render.Sender(
            config.address, config.name, config.plus_address, config.subject_tag
        )
        self._refused: Counter[str] = Counter()
        self._files: Files | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        async with smtp.ready(self._config.smtp, self._config.sender, self._config.address):
            self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._open = False

    def lend(self, files: Files) -> None:
        """Keep what agents attach within reach."""
        self._files = files

    @asynccontextmanager
    async def fetch(self, ref: str) -> AsyncIterator[Download]:
        """Open a file that came with a mail, by reading the mail once more.

        Raises:
            Gone: the mail is not there any more, or its number means another one now.
            Refused: the mail is larger than `largest_mail`.
            ChannelError: it may be had later.
        """
        found = attachments.REF.fullmatch(ref)
        if found is None:
            raise Gone
        async with self._box() as box:
            fetched = await box.fetch(int(found[2])) if box.validity == int(found[1]) else None
        if fetched is None:
            raise Gone
        if fetched.size > len(fetched.raw):
            raise Refused("the mail that it came with is larger than largest_mail")
        yield await asyncio.to_thread(attachments.find, fetched.raw, int(found[3]))

    def poll(self, cursor: str | None) -> AsyncIterator[tuple[str, Reception]]:
        """Yield mail for ever, each with the cursor after it."""
        follower = Follower(
            open=self._box,
            understand=self._understand,
            clock=self._clock,
            idle=self._config.idle_seconds,
            pause=lambda: asyncio.sleep(self._config.poll_seconds),
            refused=self._refused,
        )
        return follower.follow(cursor)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Send it as one mail, or as several if it is longer than any letter.

        Raises:
            Uncertain: it may have arrived, wholly or in part.
            ChannelError: it did not arrive; its class says whether to try again.
        """
        if not self._open:
            raise Unavailable("this mailbox is not open")
        if message.automatic:
            await self._allow(message.address.contact)
        sent = await self._mails(message)
        for number, mail in enumerate(sent):
            with piece(number, len(sent)):
                await self._hand_over(message.address.contact, mail)
        if message.automatic:
            await self._count(message.address.contact)
        return Sent(sent[0].message_id, pieces=len(sent))

    async def _mails(self, message: OutgoingMessage) -> list[render.Outgoing]:
        loaded = await attachments.load(message.parts, self._files)
        texts = render.pieces(loaded.others) or loaded.names[:1]
        if not texts:
            raise Refused("there is nothing to say in it")
        envelope = await self._envelope(message)
        made = [self._mail(text, number, message, envelope) for number, text in enumerate(texts)]
        if loaded.files:
            await asyncio.to_thread(render.attach, made[-1], loaded.files)
        return made

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Log in at both servers, and see how soon mail comes.

        Raises:
            ChannelError: one of them cannot be asked now.
        """
        config = self._config
        ready = partial(smtp.ready, config.smtp, config.sender, config.address)
        return await ask_each(
            ills.explain,
            partial(ills.sending, ready),
            partial(ills.reading, self._box, config.poll_seconds),
        )

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what a refusal means and how it is mended, if that is known."""
        return ills.explain(error)

    def _box(self) -> AbstractAsyncContextManager[imap.Box]:
        config = self._config
        return imap.opened(config.imap, config.reader, config.folder, config.largest_mail * MIB)

    async def _understand(self, fetched: imap.Fetched, place: str) -> Reception:
        mail = parse.Mail(fetched.raw, place, fetched.size)
        if len(fetched.raw) < AT_ONCE:
            letter = parse.read(mail, self._own, self._clock())
        else:  # taking much apart must not keep everybody else waiting
            letter = await asyncio.to_thread(parse.read, mail, self._own, self._clock())
        if letter.thread is not None:
            known = {"subject": letter.subject[:300], "ids": letter.ids}
            await self._memory.set(f"thread:{letter.thread}", json.dumps(known), REMEMBERED)
        return letter.reception

    async def _envelope(self, message: OutgoingMessage) -> render.Envelope:
        kept = json.loads(await self._memory.get(f"thread:{message.address.thread}") or "{}")
        return render.Envelope(
            message.address.thread,
            message.address.contact,
            kept.get("subject", ""),
            tuple(kept.get("ids", ())),
        )

    def _mail(
        self, text: str, number: int, message: OutgoingMessage, envelope: render.Envelope
    ) -> render.Outgoing:
        thread, domain = message.address.thread, self._sender.domain
        return render.mail(
            text,
            threads.message_id(thread, message.delivery_id, number, domain),
            envelope,
            self._sender,
            self._clock(),
            automatic=message.automatic,
        )

    async def _hand_over(self, recipient: str, mail: render.Outgoing) -> None:
        config = self._config
        await smtp.hand_over(config.smtp, config.sender, config.address, recipient, mail.content)

    async def _allow(self, contact: str) -> None:
        """Refuse what would only talk to a machine.

        Raises:
            Refused: nobody reads it there, or too much was said within the hour.
        """
        if machines.is_nobody(contact, self._config.address):
            raise Refused("nobody reads mail there, so no machine answers")
        if len(await self._lately(contact)) >= self._config.automatic_per_hour:
            raise Refused(
                f"{self._config.automatic_per_hour} automatic replies went there within an hour: "
                "it may be a machine, so a person must answer"
            )

    async def _count(self, contact: str) -> None:
        # It is sent: an error would have it sent once more.
        try:
            times = [*await self._lately(contact), int(self._clock().timestamp())]
            await self._memory.set(_counter(contact), json.dumps(times), HOUR)
        except ChannelError as problem:
            log.warning("an automatic reply is not counted", inbox=self.inbox, problem=problem)

    async def _lately(self, contact: str) -> list[int]:
        since = self._clock().timestamp() - HOUR.total_seconds()
        kept = json.loads(await self._memory.get(_counter(contact)) or "[]")
        return [time for time in kept if time > since]


def _counter(contact: str) -> str:
    return f"automatic:{hashlib.sha256(contact.encode()).hexdigest()[:32]}"
