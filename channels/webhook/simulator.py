"""A system of somebody's own: a shop's app whose customers write through it."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.errors import BadRequest
from channels.files import Kind
from channels.simulation import Push, Seen, SeenFile, answer_with
from channels.webhook import signature

SECRET = "whsec_c2ltdWxhdGVkLXNlY3JldC1vZi1hLXNob3AtYXBw"  # noqa: S105 - of nobody
OTHER = "whsec_c29tZWJvZHktZWxzZXMtc2VjcmV0LW9mLW5vYm9keQ=="


class Simulator(simulation.Simulator):
    """The app and its server; it knows a reply by its id and shows it once."""

    channel = "webhook"
    busy = b'{"error":"busy"}'

    def __init__(self, inbox: str, clock: Clock) -> None:
        super().__init__(inbox, clock)
        self.secret, self.old_secret = SECRET, ""
        self._said = 0
        self._taken: dict[str, str] = {}
        self.root = "https://shop.example.com"
        """Where customers' files lie; tell it where this system is served."""
        self._held: dict[str, tuple[bytes, str]] = {}
        self._app = Starlette(
            routes=[
                Route("/replies", self._reply, methods=["POST"]),
                Route("/files/{number}", self._give_file),
            ]
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What `config.yaml` holds for this system, without `base_url`."""
        return {"secret": self.secret, "url": "https://shop.example.com/yingda/replies"}

    @property
    def app(self) -> ASGIApp:
        """The system's own address; serve it where the inbox's `base_url` points."""
        return self._app

    def say(self, contact: str, text: str) -> Push:
        """Return the call with a customer's text; each is a new message."""
        return self.tell(contact, text=text)

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the call for a tapped option."""
        value, label = seen.options[option]
        return self.tell(
            seen.contact, parts=[{"kind": "selection", "value": value, "label": label}]
        )

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the call with a customer's file, which lies at an address of the system's."""
        number = f"{len(self._held) + 1}"
        self._held[number] = content, name or "file"
        url = f"{self.root}/files/{number}"
        return self.tell(contact, parts=[{"kind": kind, "url": url, "name": name or "file"}])

    def forget_files(self) -> None:
        """Lose what customers sent."""
        self._held.clear()

    def tell(self, contact: str, **fields: Any) -> Push:  # noqa: ANN401 - whatever JSON holds
        """Return the rightly signed call of any message."""
        self._said += 1
        told = {
            "id": f"m-{self.clock():%y%m%d%H%M%S}-{self._said}",
            "thread": contact,
            "contact": {"id": contact, "name": "李雷"},
            **fields,
        }
        body = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.signed(contact, told["id"], body)

    def signed(
        self, contact: str, message_id: str, body: bytes, then: datetime | None = None
    ) -> Push:
        """Return a rightly signed call with any body."""
        keys = [signature.key(self.secret)]
        proof = signature.headers(keys, message_id, body, then or self.clock())
        return Push(contact, headers={"content-type": "application/json", **proof}, body=body)

    def garbage(self, contact: str) -> Push:
        """Return a call with a part that nobody knows."""
        return self.tell(contact, parts=[{"kind": "hologram", "depth": 3}])

    def forged(self, contact: str, text: str) -> Push:
        """Return a call that another secret signed."""
        push = self.say(contact, text)
        keys, message_id = [signature.key(OTHER)], push.headers[signature.ID]
        proof = signature.headers(keys, message_id, push.body, self.clock())
        return push.changed(headers={**push.headers, **proof})

    def stale(self, contact: str, text: str) -> Push:
        """Return a rightly signed call from an hour ago."""
        push = self.say(contact, text)
        then = self.clock() - timedelta(hours=1)
        return self.signed(contact, push.headers[signature.ID], push.body, then)

    async def _give_file(self, request: Request) -> Response:
        if fault := await self.fault(request):
            return answer_with(fault)
        found = self._held.get(request.path_params["number"])
        if found is None:
            return Response(status_code=404)
        return Response(found[0], media_type="application/octet-stream")

    async def _reply(self, request: Request) -> Response:
        fault = await self.fault(request)
        # A 2xx is this system's yes, whatever else it says: none comes without the work.
        is_yes = fault and HTTPStatus.OK <= fault.status < HTTPStatus.MULTIPLE_CHOICES
        if fault and not fault.after_work and not is_yes:
            return answer_with(fault)
        body = await request.body()
        answer = self._show(dict(request.headers), body)
        return answer_with(fault) if fault else answer

    def _show(self, headers: dict[str, str], body: bytes) -> Response:
        try:
            post_id = signature.check([signature.key(self.secret)], headers, body, self.clock())
        except BadRequest as problem:
            return JSONResponse({"error": str(problem)}, problem.status)
        if post_id not in self._taken:
            told = json.loads(body)
            options = [
                (option["value"], option["label"])
                for part in told["parts"]
                if part["kind"] == "choices"
                for option in part["options"]
            ]
            words = "\n".join(filter(None, (told["text"], *_places(told["parts"]))))
            number, file = f"r-{len(self.screen) + 1}", _file(told["parts"])
            seen = self.show(told["contact"]["id"], words, options, number, file)
            self._taken[post_id] = seen.platform_id or ""
        return JSONResponse({"id": self._taken[post_id]})


def _places(parts: list[dict[str, Any]]) -> list[str]:
    return [part["label"] or "" for part in parts if part["kind"] == "location"]


def _file(parts: list[dict[str, Any]]) -> SeenFile | None:
    found = next((part for part in parts if "content" in part), None)
    if found is None:
        return None
    content = base64.b64decode(found["content"], validate=True)
    assert len(content) == found["size"]  # noqa: S101 - the receiver looks, too
    return SeenFile(found["kind"], content, found["name"])
