"""Telegram keeps every channel's promises."""

from __future__ import annotations

from channels.errors import Blocked, RateLimited, Refused, TooLong, Unauthorized, Unavailable
from channels.telegram.simulated_answers import refusal
from channels.testing import ChannelConformance


class TestConformance(ChannelConformance):
    channel = "telegram"

    def faults(self):
        return [
            *super().faults(),
            (refusal(429, "Too Many Requests: retry after 7", retry_after=7), RateLimited),
            (refusal(403, "Forbidden: bot was blocked by the user"), Blocked),
            (refusal(403, "Forbidden: user is deactivated"), Blocked),
            (refusal(404, "Not Found"), Unauthorized),
            (refusal(400, "Bad Request: chat not found"), Refused),
            (refusal(400, "Bad Request: message is too long"), TooLong),
            (refusal(400, "Bad Request: can't parse entities"), Refused),
            (refusal(400, "Bad Request: upgraded", migrate_to_chat_id=-1001), Refused),
            (refusal(409, "Conflict: terminated by other getUpdates request"), Unavailable),
        ]
