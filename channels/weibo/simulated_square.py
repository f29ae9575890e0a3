"""Weibo's public side of the wire: posts, comments, who is named, and calls that are counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from channels.simulation import Simulator, answer_with

SHOP = "云杉生活"
COMMENT_LIMIT = 140
FIRST = 5012345678900000
"""Numbers are large, as the platform's own are."""
GONE_STATUS, GONE_COMMENT = 20101, 20201
PAGE, LARGEST_PAGE = 50, 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One comment of ours: under which post, to which comment."""

    number: int
    post: int
    text: str
    to: int | None = None


@dataclass(slots=True)
class _Item:
    told: dict[str, Any]
    names_us: bool = False
    deleted: bool = False
    own: bool = False


@dataclass(slots=True)
class Square:
    """What everybody can read around one account, as its API shows it."""

    phones: Simulator
    stranger: Callable[[str | None], Response | None]
    """Refuses a call whose token is wrong."""
    uid: str
    hourly: int | None = None
    """Calls in an hour; None: as many as one likes."""
    comments_hourly: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    """The questions, in order, each with its path."""
    answers: list[Answer] = field(default_factory=list)
    doubled: int = 0
    """How many pages bring their first item twice."""
    _posts: dict[int, _Item] = field(default_factory=dict)
    _comments: dict[int, _Item] = field(default_factory=dict)
    _calls: dict[tuple[str, str], int] = field(default_factory=dict)
    _given: int = FIRST

    @property
    def routes(self) -> list[Route]:
        """Where the API is."""
        return [
            Route("/2/comments/to_me.json", self._to_me),
            Route("/2/comments/mentions.json", self._comments_naming_us),
            Route("/2/statuses/mentions.json", self._posts_naming_us),
            Route("/2/comments/reply.json", self._reply, methods=["POST"]),
            Route("/2/comments/create.json", self._reply, methods=["POST"]),
        ]

    def post(self, text: str, author: str | None = None) -> int:
        """Publish a post, of the account itself unless told otherwise; return its number."""
        own = author is None
        number, names_us = self._next(), f"@{SHOP}" in text
        told = self._told(number, author or self.uid, text)
        self._posts[number] = _Item(told, names_us=names_us, own=own)
        return number

    def comment(self, contact: str, text: str, post: int) -> int:
        """Let somebody comment on a post; return the comment's number."""
        number, names_us = self._next(), f"@{SHOP}" in text
        told = {**self._told(number, contact, text), "status": self._posts[post].told}
        self._comments[number] = _Item(told, names_us=names_us, own=contact == self.uid)
        return number

    def delete(self, number: int) -> None:
        """Delete a post or a comment; of a post its comments still tell that it was there."""
        item = self._posts.get(number) or self._comments[number]
        item.deleted = True
        if number in self._posts:
            kept = {key: item.told[key] for key in ("id", "idstr", "mid", "created_at")}
            item.told.clear()
            item.told.update(kept, text="抱歉，此微博已被作者删除。", deleted="1")

    def _next(self) -> int:
        self._given += 1
        return self._given

    def _told(self, number: int, author: str, text: str) -> dict[str, Any]:
        name = SHOP if author == self.uid else f"微博用户{author}"
        return {
            "created_at": f"{self.phones.clock():%a %b %d %H:%M:%S %z %Y}",
            "id": number,
            "idstr": str(number),
            "mid": str(number),
            "text": text,
            "user": {"id": int(author), "idstr": author, "screen_name": name},
        }

    async def _to_me(self, request: Request) -> Response:
        ours = {number for number, post in self._posts.items() if post.own}
        items = [c for c in self._comments.values() if c.told["status"]["id"] in ours]
        return await self._listed(request, "comments", items)

    async def _comments_naming_us(self, request: Request) -> Response:
        items = [c for c in self._comments.values() if c.names_us]
        return await self._listed(request, "comments", items)

    async def _posts_naming_us(self, request: Request) -> Response:
        items = [post for post in self._posts.values() if post.names_us and not post.own]
        return await self._listed(request, "statuses", items)

    async def _listed(self, request: Request, name: str, items: Iterable[_Item]) -> Response:
        told = dict(request.query_params)
        self.asked.append({"path": request.url.path, **told})
        fault = await self.phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        if refused := self._refused(told.get("access_token"), "all", self.hourly):
            return refused
        above, upto = int(told.get("since_id", 0)), int(told.get("max_id", 0))
        size = min(int(told.get("count", PAGE)), LARGEST_PAGE)
        found = [
            item
            for item in sorted(items, key=lambda item: -int(item.told["id"]))
            if item.told["id"] > above and (not upto or item.told["id"] <= upto)
        ][:size]
        # What was deleted takes its place on the page and is not shown.
        shown = [item.told for item in found if not item.deleted]
        if self.doubled and shown:
            self.doubled -= 1
            shown.insert(0, shown[0])
        answer = JSONResponse({name: shown, "total_number": len(shown), "hasvisible": False})
        return answer_with(fault) if fault else answer

    async def _reply(self, request: Request) -> Response:
        fault = await self.phones.fault(request)
        if fault and not fault.after_work:
            return answer_with(fault)
        told = dict(parse_qsl((await request.body()).decode()))
        refused = self._refused(told.get("access_token"), "all", self.hourly)
        refused = refused or self._refused(None, "comments", self.comments_hourly)
        answer = refused or self._taken(told, is_reply=request.url.path.endswith("reply.json"))
        return answer_with(fault) if fault else answer

    def _taken(self, told: dict[str, str], *, is_reply: bool) -> Response:
        post, to = int(told.get("id", 0)), int(told.get("cid", 0))
        text = told.get("comment", "")
        if post not in self._posts or self._posts[post].deleted:
            return no(GONE_STATUS, "target weibo does not exist!")
        if is_reply and (to not in self._comments or self._comments[to].deleted):
            return no(GONE_COMMENT, "target comment does not exist!")
        if not text or len(text) > COMMENT_LIMIT:
            return no(20012, "text too long, please input text less than 140 characters!")
        number = self._next()
        mine = {**self._told(number, self.uid, text), "status": self._posts[post].told}
        self._comments[number] = _Item(mine, own=True)
        self.answers.append(Answer(number, post, text, to if is_reply else None))
        return JSONResponse(mine)

    def _refused(self, token: str | None, kind: str, most: int | None) -> Response | None:
        if kind == "all" and (refused := self.stranger(token)):
            return refused
        hour = f"{self.phones.clock():%Y-%m-%dT%H}"
        used = self._calls[kind, hour] = self._calls.get((kind, hour), 0) + 1
        if most is not None and used > most:
            return no(10023 if kind == "all" else 10024, "User requests out of rate limit!")
        return None


def no(code: int, reason: str) -> Response:
    """Return how the API says no."""
    told = {"request": "/2", "error_code": code, "error": reason}
    return Response(json.dumps(told), 403, media_type="application/json")
