"""Slack's end of Socket Mode, simulated."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect


@dataclass(slots=True)
class Line:
    """The socket side: what waits for an acknowledgement, and who is connected."""

    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """What came with an acknowledgement."""
    links: list[WebSocket] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hand_out(self, envelope: dict[str, Any]) -> None:
        """Send an envelope over one connection; without one it waits for the next."""
        self.waiting[envelope["envelope_id"]] = envelope
        if self.links:
            await self.links[-1].send_json(envelope)

    async def serve(self, link: WebSocket) -> None:
        """Greet, repeat what was never acknowledged, then take acknowledgements."""
        await link.accept()
        await link.send_json({"type": "hello", "num_connections": len(self.links) + 1})
        for envelope in list(self.waiting.values()):
            envelope["retry_attempt"] = envelope.get("retry_attempt", 0) + 1
            await link.send_json(envelope)
        self.links.append(link)
        await self._announce()
        try:
            while True:
                await self._acknowledge(await link.receive_json())
        except WebSocketDisconnect:
            pass
        finally:
            if link in self.links:
                self.links.remove(link)

    async def until_acknowledged(self, envelope_id: str) -> None:
        """Wait for one acknowledgement."""
        async with self.changed:
            await self.changed.wait_for(lambda: envelope_id in self.acknowledged)

    async def until_connected(self) -> None:
        """Wait for a connection."""
        async with self.changed:
            await self.changed.wait_for(lambda: bool(self.links))

    async def end(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to end, as Slack does every few hours."""
        links, self.links = self.links, []
        for link in links:
            await link.send_json({"type": "disconnect", "reason": reason})

    async def _acknowledge(self, said: dict[str, Any]) -> None:
        envelope_id = said["envelope_id"]
        if "payload" in said:
            self.answers[envelope_id] = said["payload"]
        self.waiting.pop(envelope_id, None)
        self.acknowledged.append(envelope_id)
        await self._announce()

    async def _announce(self) -> None:
        async with self.changed:
            self.changed.notify_all()
