"""WeCom's API for customer service: its error codes as data, its pages, its two ways to send."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from channels.base import Clock, Memory
from channels.errors import Unavailable
from channels.files import Download, File
from channels.http import MIB
from channels.tencent.calls import Calls
from channels.tencent.codes import Codes, ErrorName
from channels.tencent.menu import Body
from channels.token import Token, Tokens
from channels.wecom import states
from channels.wecom.config import Config

API = "https://qyapi.weixin.qq.com"

STALE_TOKEN = frozenset({40014, 42001})

ERRORS: Mapping[int, ErrorName] = {
    -1: "Unavailable",
    40001: "Unauthorized",
    40004: "Refused",
    40006: "TooLong",
    40007: "Gone",
    40009: "TooLong",
    40013: "Unauthorized",
    40014: "Unauthorized",
    40096: "Refused",
    41001: "Unauthorized",
    41002: "Unauthorized",
    41004: "Unauthorized",
    42001: "Unauthorized",
    45002: "TooLong",
    45009: "RateLimited",
    45033: "RateLimited",
    48002: "Unauthorized",
    60011: "Unauthorized",
    60020: "Unauthorized",
    95000: "Unauthorized",
    95001: "QuotaUsed",
    95002: "WindowClosed",
    95004: "Unauthorized",
    95013: "WindowClosed",
    95017: "Unauthorized",
    95018: "Refused",
}
"""Known codes; any other means that the call was refused."""

CODES = Codes("WeCom", ERRORS, STALE_TOKEN)
OLD_CALL, WRONG_STATE = 95007, 95018
"""The token of a call is used up; the service state allows no sending."""

MOST_ACCOUNTS = 100
PAGE, LARGEST_PAGE = 200, 8 * MIB
"""Messages asked for at a time, and the bytes that we read of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of an account's messages, in order, and whether there are more."""

    cursor: str
    items: tuple[object, ...]
    more: bool


class Api:
    """The calls of one company; close it when done."""

    def __init__(self, config: Config, memory: Memory, clock: Clock) -> None:
        self._config = config
        self._calls = Calls(config.base_url or API, config.timeout, CODES, config.errors)
        self._tokens = Tokens(memory, clock, config.corp_id, self._fetch)

    async def open(self) -> None:
        """Begin anew, whatever went wrong before, and see whether the company is let in.

        Raises:
            ChannelError: there is no token to be had.
        """
        await self._tokens.open()
        await self._tokens.get()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._tokens.close()
        await self._calls.close()

    async def sync(self, account: str, cursor: str, token: str | None) -> Page:
        """Return what an account holds after `cursor`; `token` is from WeCom's call.

        Raises:
            ChannelError: asking again later does no harm.
        """
        asked: dict[str, Any] = {"open_kfid": account, "cursor": cursor, "limit": PAGE}
        told = {**asked, "token": token} if token else asked
        found = await self._sync(told)
        if found["errcode"] == OLD_CALL:
            found = await self._sync(asked)
        after, items = found.get("next_cursor"), found.get("msg_list", [])
        if found["errcode"] or not isinstance(items, list):
            raise Unavailable("WeCom answered with something senseless")
        known = after if isinstance(after, str) and after else cursor
        return Page(known, tuple(items), found.get("has_more") == 1)

    async def send(self, account: str, contact: str, msgid: str, body: Body) -> int | None:
        """Say one thing to `contact`; what was taken before under this `msgid` is taken.

        Returns the service state that let it not through, None if it was taken.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        told = {"touser": contact, "open_kfid": account, "msgid": msgid, **body}
        found = await self._calls.post(self._tokens, "/cgi-bin/kf/send_msg", told, knows=None)
        code = found["errcode"]
        if not code or self._is_repeated(code, str(found.get("errmsg", ""))):
            return None
        if code == WRONG_STATE and code not in self._config.errors:
            return await self._state(account, contact)
        raise self._calls.error(found)

    async def end(self, account: str, contact: str) -> str:
        """End what a customer has with WeCom's own people; return the code for one more message.

        Raises:
            ChannelError: it goes on, or no code came.
        """
        told = {
            "open_kfid": account,
            "external_userid": contact,
            "service_state": states.ENDED,
        }
        found = await self._calls.post(self._tokens, "/cgi-bin/kf/service_state/trans", told)
        code = found.get("msg_code")
        if not isinstance(code, str) or not code:
            raise states.refusal(states.ENDED)
        return code

    async def welcome(self, code: str, msgid: str, body: Body) -> None:
        """Say one thing by the code of an event or of a move; each does for one message.

        Raises:
            ChannelError: it was not taken, or nobody knows.
        """
        told = {"code": code, "msgid": msgid, **body}
        await self._calls.post(self._tokens, "/cgi-bin/kf/send_msg_on_event", told)

    def fetch(self, media_id: str) -> AbstractAsyncContextManager[Download]:
        """Open what a customer sent.

        Entering and reading raise:
            ChannelError: it is gone, or not to be had now.
        """
        asked = {"media_id": media_id}
        root = self._config.base_url
        return self._calls.download(self._tokens, "/cgi-bin/media/get", asked, root)

    async def upload(self, kind: str, file: File) -> str:
        """Give WeCom a file, and return the id under which it can be sent for three days.

        Raises:
            ChannelError: it was not taken.
        """
        return await self._calls.upload(self._tokens, "/cgi-bin/media/upload", kind, file)

    async def accounts(self) -> Mapping[str, bool]:
        """Return the customer-service accounts that are shown to us, and whether we may use them.

        Raises:
            ChannelError: it was not answered.
        """
        asked = {"offset": 0, "limit": MOST_ACCOUNTS}
        told = await self._calls.ask(self._tokens, "POST", "/cgi-bin/kf/account/list", asked)
        rows = told.get("account_list")
        return {
            row["open_kfid"]: row.get("manage_privilege") is not False
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict) and isinstance(row.get("open_kfid"), str)
        }

    async def _sync(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._calls.post(
            self._tokens,
            "/cgi-bin/kf/sync_msg",
            told,
            cap=LARGEST_PAGE,
            repeatable=True,
            knows=frozenset({OLD_CALL}),
        )

    async def _state(self, account: str, contact: str) -> int:
        asked = {"open_kfid": account, "external_userid": contact}
        found = await self._calls.post(
            self._tokens, "/cgi-bin/kf/service_state/get", asked, repeatable=True
        )
        state = found.get("service_state")
        if not isinstance(state, int) or states.may_send(state):
            raise states.refusal(None)
        return state

    def _is_repeated(self, code: int, reason: str) -> bool:
        # WeCom's papers demand a unique msgid and do not number the error; the form of ours is
        # always right, so that an unknown complaint about it can only mean that it was used.
        return code in self._config.repeated or (code not in ERRORS and "msgid" in reason.lower())

    async def _fetch(self, *, force: bool) -> Token:
        # WeCom knows no force: it gives out the same token until that one is over.
        _ = force
        params = {
            "corpid": self._config.corp_id,
            "corpsecret": self._config.secret.get_secret_value(),
        }
        return await self._calls.fetch("GET", "/cgi-bin/gettoken", params=params)
