"""Browsers of a web chat, and what the desk does meanwhile."""

from __future__ import annotations

import asyncio

from channels.message import Text
from storage import activity, conversations
from storage.models import Author

SITE = {"site": {"channel": "webchat"}}
CHAT = "/inboxes/site"


class Visitor:
    """A browser with a token."""

    def __init__(self, client, token):
        self.client, self.token, self.said = client, token, 0
        self.headers = {"authorization": f"Bearer {token}"}

    async def says(self, text, echo_id=None):
        self.said += 1
        body = {"text": text, "echo_id": echo_id or f"e{self.said}"}
        return await self.client.post(f"{CHAT}/messages", json=body, headers=self.headers)

    async def reads(self, after=0):
        answer = await self.client.get(
            f"{CHAT}/messages", params={"after": after}, headers=self.headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    async def sees(self, count):
        async with asyncio.timeout(60):
            while len(shown := await self.reads()) < count:
                await asyncio.sleep(0.02)
        return shown


async def visits(client):
    answer = await client.post(f"{CHAT}/visitors")
    assert answer.status_code == 200, answer.text
    return Visitor(client, answer.json()["token"])


def say(session, thread, text, at, **extra):
    conversation = conversations.find_open(session, "site", thread)
    parts = (Text(text=text),)
    conversations.append(session, conversation, Author.AGENT, parts, at, **extra)


async def told_all(service):
    async with asyncio.timeout(60):
        while service.live.last < await service.db.read(activity.last_id):
            await asyncio.sleep(0.01)
