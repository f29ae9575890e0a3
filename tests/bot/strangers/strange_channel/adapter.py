import asyncio
import json
from collections import deque
from datetime import timedelta

from channels.base import Capabilities, Quarantined, Reception, ReplyWindow
from channels.errors import BadRequest, Unavailable
from channels.message import Address, IncomingMessage, Text, text_of
from channels.testing import FakeChannel


class Adapter(FakeChannel):
    """Takes `{"thread", "text", "key"}`; `entering` and `arriving` are what a test gives it."""

    def __init__(self, inbox, config, memory, clock):
        window = None
        if config.window_minutes is not None:
            length = timedelta(minutes=config.window_minutes)
            window = ReplyWindow(length, config.window_messages)
        super().__init__(
            inbox,
            Capabilities(
                4000,
                reply_window=window,
                idempotent_send=config.idempotent,
                stored_is_sent=config.stored_is_sent,
                public=config.public,
            ),
        )
        self.config, self.memory, self.clock = config, memory, clock
        self.passive = config.mode == "passive"
        self.answering = config.mode in ("passive", "both")
        self.polling = config.mode == "polling"
        self.listening = config.mode == "listening"
        self.is_open = False
        self.entering = deque()
        self.entered = 0
        self.closed = 0
        self.arriving = asyncio.Queue()
        self.asked_after = []
        self.acknowledged = []
        self.while_sending = None
        self.sending = None

    async def __aenter__(self):
        self.entered += 1
        if self.entering:
            raise self.entering.popleft()
        return await super().__aenter__()

    async def __aexit__(self, *exc):
        self.closed += 1
        await super().__aexit__(*exc)

    async def send(self, message):
        self.sending = message
        if self.while_sending is not None:
            await self.while_sending()
        return await super().send(message)

    async def receive(self, request):
        if request.headers.get("x-closed"):
            raise Unavailable("this channel is closed")
        if request.headers.get("x-forged"):
            raise BadRequest("forged", int(request.headers["x-forged"]))
        if request.method == "GET":
            return Reception(body=b"hello platform")
        try:
            said = json.loads(request.body)
        except ValueError:
            return Reception(quarantined=(Quarantined("odd", "not JSON", repr(request.body)),))
        return Reception((self.message(**said),), body=b"ok", headers={"x-taken": "yes"})

    def message(self, text, thread="lily", key=None):
        return IncomingMessage(
            address=Address(inbox=self.inbox, thread=thread, contact=thread),
            dedupe_key=key or f"{thread}:{text}",
            sent_at=self.clock(),
            parts=(Text(text=text),),
        )

    def fit(self, message):
        words = text_of(message.parts)
        if not self.passive and len(words) > self.config.holds:
            return None, message
        now, rest = words[: self.config.holds], words[self.config.holds :]
        given = message.model_copy(update={"parts": (Text(text=now),)})
        if not rest:
            return given, None
        return given, message.model_copy(update={"parts": (Text(text=rest),)})

    def answer(self, request, message):
        return Reception(body=text_of(message.parts).encode(), headers={"x-answer": "yes"})

    async def poll(self, cursor):
        self.asked_after.append(cursor)
        while True:
            item = await self.arriving.get()
            if isinstance(item, Exception):
                raise item
            yield item

    async def listen(self, accept):
        while (reception := await self.arriving.get()) is not None:
            await accept(reception)
            self.acknowledged.append(reception)
