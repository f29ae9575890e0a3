"""The simulated service states: what they are, and how a customer is moved from one to another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.wecom.states import ENDED, NEW, SERVED, WAITING, WITH_US

MOVES: Mapping[int, frozenset[int]] = {
    NEW: frozenset({WITH_US, WAITING, SERVED, ENDED}),
    WITH_US: frozenset({WAITING, SERVED, ENDED}),
    WAITING: frozenset({SERVED, ENDED}),
    SERVED: frozenset({SERVED, ENDED}),
    ENDED: frozenset(),
}
"""Where a customer can be moved to; only their own words make them new again."""

Refuses = Callable[[Request], Response | None]
"""Returns the refusal of who may not call."""
Says = Callable[[int, str], Response]
"""Says no in the platform's way."""


class Account(Protocol):
    """An account whose customers have states."""

    states: dict[str, int]


class States:
    """The states of the customers of `accounts`; `code_for` makes the code of a move."""

    def __init__(
        self,
        accounts: Callable[[], Mapping[str, Account]],
        refuses: Refuses,
        says: Says,
        code_for: Callable[[str], str],
    ) -> None:
        self._accounts, self._refuses = accounts, refuses
        self._says, self._code_for = says, code_for
        self.moved: list[tuple[str, int]] = []
        """Who was moved where by us, in order."""
        self.gives_codes = True
        """False: who is moved can be told nothing any more."""
        self.routes = [
            Route("/cgi-bin/kf/service_state/get", self._get, methods=["POST"]),
            Route("/cgi-bin/kf/service_state/trans", self._trans, methods=["POST"]),
        ]

    async def _get(self, request: Request) -> Response:
        told: dict[str, Any] = json.loads(await request.body())
        account, contact = self._accounts()[told["open_kfid"]], told["external_userid"]
        found = {"errcode": 0, "errmsg": "ok", "service_state": account.states.get(contact, NEW)}
        return self._refuses(request) or JSONResponse(found)

    async def _trans(self, request: Request) -> Response:
        told: dict[str, Any] = json.loads(await request.body())
        account, contact = self._accounts()[told["open_kfid"]], told["external_userid"]
        if refused := self._refuses(request):
            return refused
        wanted = told["service_state"]
        if wanted not in MOVES[account.states.get(contact, NEW)]:
            return self._says(95016, "invalid service state transition")
        account.states[contact] = wanted
        self.moved.append((contact, wanted))
        moved = {"errcode": 0, "errmsg": "ok"}
        code = {"msg_code": self._code_for(contact)} if self.gives_codes else {}
        return JSONResponse({**moved, **code})
