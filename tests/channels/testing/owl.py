"""A small whole channel, with a switch for every promise that an adapter can break."""

import hashlib
import hmac
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels import simulation
from channels.base import Capabilities, Quarantined, Reception, Sent
from channels.download import download
from channels.errors import (
    BadRequest,
    Gone,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
)
from channels.files import Takes
from channels.http import call, make_client
from channels.inbox import InboxConfig
from channels.message import Address, Choices, IncomingMessage, Media, Part, Selection, Text
from channels.simulation import Push, SeenFile, answer_with
from channels.text import numbered, plain, split

LARGEST = 2**18
KEY = "owl-secret-of-the-tests"


SHOWN = {
    "silent stand-in": lambda part: isinstance(part, Text | Choices),
    "drops cards": lambda part: part.kind != "card",
}
"""What of a message is still shown with a bug."""


class Config(InboxConfig):
    key: SecretStr


def sign(key, body):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class Adapter:
    capabilities = Capabilities(
        text_limit=600,
        text_limit_unit="bytes",
        receives=frozenset({"text", "file"}),
        sends=frozenset({"text", "choices", "file"}),
        files={"file": Takes(LARGEST)},
        max_choices=3,
        idempotent_send=True,
    )

    def __init__(self, inbox, config, memory, clock, *, bugs=frozenset()):
        self.inbox, self.config, self.clock, self.bugs = inbox, config, clock, bugs
        self.count = 0
        self.client = None
        if "typing" in bugs:
            self.capabilities = Capabilities(text_limit=600, typing=True)
        if "stored and sent" in bugs:
            self.capabilities = replace(self.capabilities, stored_is_sent=True)
        if "claims all" in bugs:
            self.capabilities = replace(self.capabilities, sends=frozenset({"text", "video"}))

    def __repr__(self):
        key = self.config.key
        return f"Owl({key.get_secret_value() if 'shown key' in self.bugs else key})"

    async def __aenter__(self) -> Self:
        self.client = make_client(self.config.base_url)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if "never closed" not in self.bugs:
            await self.client.aclose()
            self.client = None

    async def really_close(self):
        if self.client is not None:
            await self.client.aclose()

    async def receive(self, request) -> Reception:
        if len(request.body) > 2**20 and "no cap" not in self.bugs:
            raise BadRequest("too large", status=413)
        if "parses first" in self.bugs:
            json.loads(request.body)
        good = sign(self.config.key.get_secret_value(), request.body)
        if "no signature" not in self.bugs and request.headers.get("x-owl") != good:
            raise BadRequest("forged", status=401)
        try:
            said = json.loads(request.body)
            return self._read(said)
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            if "crash" in self.bugs:
                raise
            status = 500 if "refused nonsense" in self.bugs else 200
            raw = request.body.decode("utf-8", "replace")
            kept = Quarantined("q", type(error).__name__, raw)
            return Reception(quarantined=(kept,), status=status)

    def _read(self, said):
        self.count += 1
        at = datetime.fromisoformat(said["at"])
        if "no age" not in self.bugs and abs(self.clock() - at) > timedelta(minutes=5):
            raise BadRequest("stale", status=403)
        text = said["text"]
        part: Part = Text(text=text.replace("&", "") if "eats text" in self.bugs else text)
        if "file" in said:
            part = Media(kind="file", ref=said["file"], name=text)
        if "tap" in said:
            part = Selection(value=said["tap"])
        thread = "all" if "one thread" in self.bugs else said["from"]
        key = {"new key": f"{said['id']}-{self.count}", "one key": "key"}
        (bug,) = self.bugs & set(key) or ("",)
        message = IncomingMessage(
            address=Address(inbox=self.inbox, thread=thread, contact=thread),
            dedupe_key=key.get(bug, said["id"]),
            sent_at=at + timedelta(hours=8 * ("hours" in self.bugs)),
            parts=(part,),
        )
        return Reception((message,))

    def lend(self, files):
        self.files = files

    @asynccontextmanager
    async def fetch(self, ref):
        try:
            async with download(self.client, f"/file/{ref}") as found:
                yield replace(found, chunks=self._upside_down(found.chunks))
        except Gone:
            raise Unavailable if "hopes on" in self.bugs else Gone from None
        except Unavailable:
            raise Refused if "gives up" in self.bugs else Unavailable from None

    async def _upside_down(self, chunks):
        async for chunk in chunks:
            yield chunk.replace(b"\n", b"\r\n") if "line ends" in self.bugs else chunk

    async def _show(self, message, part):
        async with self.files.open(part.ref) as file:
            if file.size > LARGEST and "no scales" not in self.bugs:
                raise TooLong
            content = file.stream.read(1000 if "first thousand" in self.bugs else -1).hex()
        asked = {"to": message.address.contact, "id": f"{message.delivery_id}.f", "file": content}
        await call(self.client, "POST", "/send", json=asked)

    async def send(self, message) -> Sent:
        if self.client is None:
            raise Unavailable("closed")
        for part in message.parts:
            if part.kind == "file":
                with suppress(Unavailable if "drops files" in self.bugs else ()):
                    await self._show(message, part)
        if parts := tuple(part for part in message.parts if part.kind != "file"):
            await self._say(message, parts)
        return Sent()

    async def _say(self, message, parts):
        last, options = parts[-1], ()
        most = 4 if "too many buttons" in self.bugs else 3
        if isinstance(last, Choices) and len(last.options) <= most:
            most = 20 if "short labels" in self.bugs else None
            options = [(one.value, one.label[:most]) for one in last.options]
            parts = (*parts[:-1], Text(text=last.prompt))
        elif isinstance(last, Choices):
            bare = "unnumbered" in self.bugs
            parts = (*parts[:-1], Text(text=last.prompt if bare else numbered(last)))
        for bug in self.bugs & SHOWN.keys():
            parts = tuple(filter(SHOWN[bug], parts))
        text = plain(parts)
        if "eats controls" in self.bugs:
            text = text.partition("\x0b")[0]
        limit = 10_000 if "no split" in self.bugs else 600
        pieces = split(text, limit, "bytes")
        if "cuts characters" in self.bugs:
            pieces = [text[start : start + 15] for start in range(0, len(text), 15)]
        if "pale" in self.bugs:
            pieces = [piece.replace("\U0001f3fd", "") for piece in pieces]
        for number, piece in enumerate(pieces[: 1 if "first piece" in self.bugs else None]):
            shown = options if number == len(pieces) - 1 else ()
            await self._post(message, f"{message.delivery_id}.{number}", piece, shown)

    async def _post(self, message, piece_id, text, options):
        if "resends" in self.bugs:
            piece_id = f"{piece_id}.{len(text)}.{id(message)}"
        content = {"to": message.address.contact, "id": piece_id, "text": text, "options": options}
        repeatable = "sure" in self.bugs
        try:
            for _ in range(4 if "insists" in self.bugs else 0):
                with suppress(Unauthorized):
                    await call(self.client, "POST", "/send", json=content)
            reply = await call(self.client, "POST", "/send", json=content, repeatable=repeatable)
        except RateLimited:
            if "own pause" in self.bugs:
                raise RateLimited(1) from None
            raise
        except Unavailable:
            if "key in error" in self.bugs:
                raise Unavailable(f"with {self.config.key.get_secret_value()}") from None
            if "blames us" in self.bugs:
                raise Refused from None
            raise
        reply.json()


class Simulator(simulation.Simulator):
    channel = "owl"

    def __init__(self, inbox, clock):
        super().__init__(inbox, clock)
        self.said = 0
        self.taken = set()
        self.held = {}

    @property
    def settings(self):
        return {"key": KEY}

    @property
    def app(self):
        return Starlette(
            routes=[Route("/send", self.take, methods=["POST"]), Route("/file/{ref}", self.give)]
        )

    async def give(self, request):
        if fault := await self.fault(request):
            return answer_with(fault)
        content = self.held.get(request.path_params["ref"])
        return Response(status_code=404) if content is None else Response(content)

    def attach(self, contact, kind, content, name=None):
        self.held[f"f{len(self.held)}"] = content
        return self.push(contact, text=name, file=f"f{len(self.held) - 1}")

    def forget_files(self):
        self.held.clear()

    async def take(self, request):
        fault = await self.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        asked = await request.json()
        if "file" in asked:
            self.show(asked["to"], "", file=SeenFile("file", bytes.fromhex(asked["file"])))
        elif asked["id"] not in self.taken:
            self.show(asked["to"], asked["text"], [tuple(one) for one in asked["options"]])
        self.taken.add(asked["id"])
        return answer_with(fault) if fault else JSONResponse({})

    def push(self, contact, key=KEY, age=timedelta(), **said):
        self.said += 1
        at = (self.clock() - age).isoformat()
        body = json.dumps({"id": f"m{self.said}", "at": at, "from": contact, **said}).encode()
        return Push(contact, headers={"X-Owl": sign(key, body)}, body=body)

    def say(self, contact, text):
        return self.push(contact, text=text)

    def tap(self, seen, option):
        return self.push(seen.contact, text="", tap=seen.options[option][0])

    def garbage(self, contact):
        return self.push(contact, text=7)

    def forged(self, contact, text):
        return self.push(contact, key="other", text=text)

    def stale(self, contact, text):
        return self.push(contact, age=timedelta(hours=1), text=text)
