"""Asking for messages: page after page, each with the place after it, and nothing old."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.base import Clock, Quarantined, Reception
from channels.message import clean
from channels.tencent.seal import Unreadable
from channels.wecom.api import Page
from channels.wecom.parse import Heard, Welcome, read

LOOKS_BACK = timedelta(minutes=10)
"""How old a message may be that is taken when an account is asked for the first time.

WeCom keeps three days; who connects an account today does not want the answers of yesterday.
"""
EMPTY_PAGES = 5
"""How often an empty page with "there is more" is believed in a row."""

Ask = Callable[[str, str, str | None], Awaitable[Page]]
"""Returns a page of (account, cursor, token of WeCom's call)."""
Greet = Callable[[Iterable[Welcome]], Awaitable[None]]
"""Keeps who may be greeted, before the message that makes us greet is stored."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account is; `since` as long as its first round lasts."""

    cursor: str = ""
    since: datetime | None = None


class Puller:
    """Reads the accounts of one company; `cursor` holds the places of them all."""

    def __init__(self, inbox: str, ask: Ask, greet: Greet, clock: Clock) -> None:
        self._inbox, self._ask, self._greet, self._clock = inbox, ask, greet, clock

    async def sweep(
        self, cursor: str | None, accounts: Mapping[str, str | None]
    ) -> AsyncGenerator[tuple[str, Reception], None]:
        """Yield all that the accounts hold now, each page with the cursor after it.

        Raises:
            ChannelError: the platform does not answer; what was yielded stays read.
        """
        places = _load(cursor)
        for account, token in accounts.items():
            place = places.get(account) or Place(since=self._clock() - LOOKS_BACK)
            more, empty = True, 0
            while more and empty < EMPTY_PAGES:
                page = await self._ask(account, place.cursor, token)
                empty = 0 if page.items else empty + 1
                more = page.more
                reception = await self._receive(page, place.since)
                place = Place(page.cursor, place.since if more else None)
                if page.items or place != places.get(account):
                    places[account] = place
                    yield _dump(places), reception

    async def _receive(self, page: Page, since: datetime | None) -> Reception:
        heard: list[Heard] = []
        odd: list[Quarantined] = []
        for item in page.items:
            try:
                heard.append(read(self._inbox, item))
            except Unreadable as error:
                odd.append(_quarantined(item, str(error)))
        if since is not None:
            heard = [one for one in heard if one.at >= since]
        if welcomes := [one.welcome for one in heard if one.welcome]:
            await self._greet(welcomes)
        return Reception(
            messages=tuple(one.message for one in heard if one.message),
            quarantined=tuple(odd),
            bounced=tuple(one.bounced for one in heard if one.bounced),
        )


def _quarantined(item: object, reason: str) -> Quarantined:
    raw = json.dumps(item, ensure_ascii=False)
    key = hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return Quarantined(f"unread:{key}", reason, str(clean(raw)))


def _load(cursor: str | None) -> dict[str, Place]:
    found: dict[str, dict[str, Any]] = json.loads(cursor) if cursor else {}
    return {
        account: Place(
            place["cursor"],
            datetime.fromisoformat(place["since"]) if place.get("since") else None,
        )
        for account, place in found.items()
    }


def _dump(places: Mapping[str, Place]) -> str:
    return json.dumps(
        {
            account: {
                "cursor": place.cursor,
                **({"since": place.since.isoformat()} if place.since else {}),
            }
            for account, place in places.items()
        }
    )
