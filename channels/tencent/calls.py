"""Calls under a token that all processes share: a stale one is renewed once, never in a loop."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from channels.download import download, download_from
from channels.errors import ChannelError, Refused, Unauthorized, Unavailable
from channels.files import Download, File
from channels.http import MIB, Reply, call, lost, make_client
from channels.tencent import media
from channels.tencent.codes import Codes, ErrorName
from channels.token import Token, Tokens

UPLOAD = 60.0
"""Seconds for a call that carries a file."""
NO_PERMISSION = 48001
SLACK = 5.0
"""Seconds that a whole call may take beyond the wait for its next byte."""
LONGEST_TOKEN = timedelta(days=1)
"""How long a token is believed to last at most; real ones last two hours."""
_ESCAPED = re.compile(r"\\\\|\\u00[01][0-9a-f]|\\[bf]")
"""A backslash, and what JSON cannot hold otherwise: control characters."""


class Calls:
    """The API of one account; close it when done."""

    def __init__(
        self, base_url: str, timeout: float, codes: Codes, told: Mapping[int, ErrorName]
    ) -> None:
        self._client = make_client(base_url, read=timeout)
        self._timeout, self._codes, self._told = timeout, codes, told

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def post(
        self,
        tokens: Tokens,
        path: str,
        body: Mapping[str, Any],
        *,
        cap: int = MIB,
        repeatable: bool = False,
        knows: Collection[int] | None = (),
    ) -> Mapping[str, Any]:
        """Return the answer to a call that was taken, or whose code the caller `knows`.

        None: the caller knows them all.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """

        async def ask(token: str) -> Mapping[str, Any]:
            return await self._post(token, path, body, cap, repeatable=repeatable)

        return await self._known(tokens, ask, knows)

    async def get(
        self, tokens: Tokens, path: str, *, knows: Collection[int] = ()
    ) -> Mapping[str, Any]:
        """Return the answer to a question without a body, or whose code the caller `knows`.

        Raises:
            ChannelError: it was not answered.
        """

        async def ask(token: str) -> Mapping[str, Any]:
            total = self._timeout + SLACK
            params = {"access_token": token}
            answer = await call(self._client, "GET", path, total=total, params=params)
            found = answer.json()
            return found if "errcode" in found else {"errcode": 0, **found}

        return await self._known(tokens, ask, knows)

    async def _known(
        self,
        tokens: Tokens,
        ask: Callable[[str], Awaitable[Mapping[str, Any]]],
        knows: Collection[int] | None,
    ) -> Mapping[str, Any]:
        found: Mapping[str, Any] = {}
        refused: str | None = None
        for _ in range(2):
            token = await tokens.get(refused)
            found = await ask(token)
            if found["errcode"] not in self._codes.stale:
                break
            refused = token
        if found["errcode"] and knows is not None and found["errcode"] not in knows:
            raise self.error(found)
        return found

    async def ask(
        self, tokens: Tokens, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """Return the answer to a question, which changes nothing; some answers bear no code.

        Raises:
            ChannelError: it was not answered.
        """
        refused: str | None = None
        found: Mapping[str, Any] = {}
        for _ in range(2):
            token = await tokens.get(refused)
            answer = await call(
                self._client,
                method,
                path,
                repeatable=True,
                total=self._timeout + SLACK,
                params={"access_token": token},
                json=body,
            )
            found = answer.json()
            if found.get("errcode") not in self._codes.stale:
                break
            refused = token
        if found.get("errcode"):
            raise self.error(found)
        return found

    @asynccontextmanager
    async def download(
        self, tokens: Tokens, path: str, asked: Mapping[str, str], trusted: str | None
    ) -> AsyncIterator[Download]:
        """Open a file; `trusted` is the root that the inbox's settings name, if they do.

        Raises:
            ChannelError: it is gone, or not to be had now, though the answer may be 200.
        """
        refused: str | None = None
        for last in (False, True):
            token = await tokens.get(refused)
            params = {**asked, "access_token": token}
            async with download(self._client, path, params=params) as found:
                if not media.is_told(found):
                    yield found
                    return
                told = await media.read_told(found)
            if isinstance(url := told.get("video_url"), str):
                async with download_from(url, trusted=trusted) as video:
                    if media.is_told(video):
                        raise Unavailable("the video's address leads to no video")
                    yield video
                return
            if not told.get("errcode"):
                raise Unavailable("neither a file nor a reason")
            if last or _code(told) not in self._codes.stale:
                raise self._refusal(told)
            refused = token

    async def upload(self, tokens: Tokens, path: str, kind: str, file: File) -> str:
        """Give the platform a file, and return the id under which it can be sent for three days.

        Raises:
            ChannelError: it was not taken; an upload that is repeated harms nobody.
        """
        refused: str | None = None
        for last in (False, True):
            token = await tokens.get(refused)
            file.stream.seek(0)
            answer = await call(
                self._client,
                "POST",
                path,
                repeatable=True,
                total=UPLOAD,
                params={"access_token": token, "type": kind},
                files={"media": (file.name, file.stream, file.type)},
            )
            found = answer.json()
            if isinstance(media_id := found.get("media_id"), str):
                return media_id
            if not found.get("errcode"):
                break
            if last or _code(found) not in self._codes.stale:
                raise self.error(found)
            refused = token
        raise Unavailable("the upload has no media_id")

    def _refusal(self, found: Mapping[str, Any]) -> ChannelError:
        """Return what a code means for one file: what the account may not do is no emergency."""
        if found["errcode"] == NO_PERMISSION:
            return Refused(f"this account may not fetch files ({NO_PERMISSION})")
        return self.error(found)

    async def fetch(self, method: str, path: str, **content: Any) -> Token:  # noqa: ANN401 - httpx's
        """Ask for a token.

        Raises:
            ChannelError: there is none; it says nothing of a message, which is not lost for it.
        """
        answer = await call(
            self._client,
            method,
            path,
            repeatable=True,
            total=self._timeout + SLACK,
            **content,
        )
        found = answer.json()
        token, seconds = found.get("access_token"), found.get("expires_in")
        if isinstance(token, str) and token and isinstance(seconds, int) and seconds > 0:
            whole = int(LONGEST_TOKEN.total_seconds())
            return Token(token, timedelta(seconds=min(seconds, whole)))
        error = self.error({"errmsg": "no token in the answer", **found})
        raise Unauthorized(str(error)) if isinstance(error, Refused) else error

    def error(self, found: Mapping[str, Any]) -> ChannelError:
        """Return what the code in an answer means."""
        return self._codes.error(_code(found), str(found.get("errmsg", "")), self._told)

    async def _post(
        self, token: str, path: str, body: Mapping[str, Any], cap: int, *, repeatable: bool
    ) -> Mapping[str, Any]:
        answer = await call(
            self._client,
            "POST",
            path,
            cap=cap,
            total=self._timeout + SLACK,
            repeatable=repeatable,
            params={"access_token": token},
            content=_unescaped(json.dumps(body, ensure_ascii=False)).encode(),
            headers={"content-type": "application/json; charset=utf-8"},
        )
        return _coded(answer)


def _code(found: Mapping[str, Any]) -> int:
    """Return an answer's code; 0 for none, and for what is no number."""
    code = found.get("errcode")
    return code if isinstance(code, int) else 0


def _unescaped(written: str) -> str:
    """Drop control characters: the platforms show their escapes as they stand."""
    return _ESCAPED.sub(lambda found: found[0] if found[0] == r"\\" else "", written)


def _coded(answer: Reply) -> Mapping[str, Any]:
    found = answer.json()
    if isinstance(found.get("errcode"), int):
        return found
    if answer.status >= httpx.codes.BAD_REQUEST:
        raise Refused(f"HTTP {answer.status} without an errcode")
    raise lost("the answer has no errcode", repeatable=answer.repeatable)
