"""What Weibo says of an account itself: whose token it is, and how many calls are left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Simulator, answer_with
from channels.weibo.api import LIMITS, TOKEN_INFO


@dataclass
class Standing:
    """One account, as its platform sees it."""

    phones: Simulator
    stranger: Callable[[str | None], Response | None]
    """Returns how a call with a wrong token is refused."""
    uid: str
    lasts: timedelta = timedelta(days=90)
    """How long the access token is still good."""
    hour: int = 150
    """How many calls an hour may have."""
    used: int = 0

    @property
    def routes(self) -> list[Route]:
        """Where the API is."""
        return [
            Route(TOKEN_INFO, self._about_token, methods=["POST"]),
            Route(LIMITS, self._about_limits),
        ]

    async def _about_token(self, request: Request) -> Response:
        seconds = int(self.lasts.total_seconds())
        return await self._told(request, {"uid": int(self.uid), "expire_in": seconds})

    async def _about_limits(self, request: Request) -> Response:
        left = {"user_limit": self.hour, "remaining_user_hits": self.hour - self.used}
        return await self._told(request, left)

    async def _told(self, request: Request, content: dict[str, int]) -> Response:
        if fault := await self.phones.fault(request):
            return answer_with(fault)
        return self.stranger(request.query_params.get("access_token")) or JSONResponse(content)
