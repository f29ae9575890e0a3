"""A visitor's browser: it talks to our own API, with the token it was given."""

from __future__ import annotations

import json
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp

from channels import simulation
from channels.base import Clock
from channels.simulation import Push, Seen
from channels.webchat import token

SECRET = "simulated-website-secret"  # noqa: S105 - of nobody
IDENTITY_SECRET = "simulated-secret-of-the-shop's-own-site"  # noqa: S105 - likewise


class Simulator(simulation.Simulator):
    """The website's visitors; each contact is one browser."""

    channel = "webchat"
    can_be_stale = False

    def __init__(self, inbox: str, clock: Clock, secret: str = SECRET) -> None:
        super().__init__(inbox, clock)
        self._secret = secret
        self._said = 0
        self._read: dict[str, int] = {}

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings that make the adapter believe our tokens."""
        return {"secret": self._secret, "identity_secret": IDENTITY_SECRET}

    @property
    def app(self) -> ASGIApp:
        """Return an app without a route: this channel calls nobody."""
        return Starlette()

    def issue(self, contact: str) -> str:
        """Return the token that the server would give to this visitor."""
        return token.issue(self._secret, self.inbox, contact)

    def say(self, contact: str, text: str) -> Push:
        """Return the post of a typed text."""
        return self._post(contact, {"text": text})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the post of a tapped option."""
        value, label = seen.options[option]
        return self._post(seen.contact, {"text": label, "select": value})

    def garbage(self, contact: str) -> Push:
        """Return a post with a good token that says nothing."""
        return self._post(contact, {"text": ["?"]})

    def forged(self, contact: str, text: str) -> Push:
        """Return a post with somebody else's token renamed to this visitor."""
        push = self.say(contact, text)
        version, _, proof = self.issue(f"not-{contact}").split(".")
        return push.changed(
            headers={**push.headers, "authorization": f"Bearer {version}.{contact}.{proof}"}
        )

    async def poll(self, client: httpx.AsyncClient, base_url: str, contact: str) -> list[Seen]:
        """Read what is new for this visitor, put it on the screen and return it."""
        answer = await client.get(
            f"{base_url}/inboxes/{self.inbox}/messages",
            params={"after": self._read.get(contact, 0)},
            headers={"authorization": f"Bearer {self.issue(contact)}"},
        )
        answer.raise_for_status()
        news = []
        for message in answer.json()["messages"]:
            if message["position"] <= self._read.get(contact, 0):
                continue
            self._read[contact] = message["position"]
            if message["author"] != "contact":
                options = _options(message["parts"])
                news.append(self.show(contact, message["text"], options, str(message["id"])))
        return news

    def _post(self, contact: str, said: dict[str, Any]) -> Push:
        self._said += 1
        return Push(
            contact,
            headers={
                "content-type": "application/json",
                "authorization": f"Bearer {self.issue(contact)}",
            },
            body=json.dumps(
                {**said, "echo_id": f"{self.clock():%y%m%d%H%M%S}-{self._said}"}
            ).encode(),
        )


def _options(parts: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (option["value"], option["label"])
        for part in parts
        if part["kind"] == "choices"
        for option in part["options"]
    ]
