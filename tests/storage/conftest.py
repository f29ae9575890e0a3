"""Conversations and messages to work on."""

from __future__ import annotations

from datetime import datetime

import pytest

from channels.message import Address, IncomingMessage, Text


class Customers:
    """Makes incoming messages, each with a key of its own."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.said = 0

    def says(self, text: str = "hello", thread: str = "t1", key: str | None = None):
        self.said += 1
        return IncomingMessage(
            address=Address(inbox="shop", thread=thread, contact=thread),
            dedupe_key=key or f"key-{self.said}",
            sent_at=self.now,
            parts=(Text(text=text),),
        )


@pytest.fixture
def customers(now: datetime) -> Customers:
    return Customers(now)
