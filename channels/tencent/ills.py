"""What ails an account at mp.weixin.qq.com: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.errors import ChannelError, Retryable
from channels.health import Finding, explained, fine, mark, warn, wrong
from channels.tencent.weixin import Api

SEND = "/cgi-bin/message/custom/send"
QUOTA, SERVANTS, NETWORK = (
    "/cgi-bin/openapi/quota/get",
    "/cgi-bin/customservice/getkflist",
    "/cgi-bin/callback/check",
)
FEW = 0.1
"""Of the day's replies: so few left are worth a warning."""
LOST = "100%"
_SECRET = mark("copy app_secret again from 开发 > 基本配置 into config.yaml, and start again")
_APP = mark("copy app_id again from 开发 > 基本配置 into config.yaml, and start again")
_RENEW = mark("wait a minute and check again; if it stays, copy app_id and app_secret once more")
_IP = mark("add the address that is named here to 开发 > 基本配置 > IP白名单 (IP allow-list)")
_TYPE = mark(
    "this account type has no customer-service replies: verify the account (微信认证), or set "
    "mode: passive"
)
_CLOSED = mark("the interface is closed: see 开发 > 接口权限, and the platform's notices")
MENDS: Mapping[str, str] = {
    "40001": _SECRET,
    "40125": _SECRET,
    "41004": _SECRET,
    "40013": _APP,
    "41002": _APP,
    "40014": _RENEW,
    "42001": _RENEW,
    "40164": _IP,
    "48001": _TYPE,
    "48004": _CLOSED,
    "50001": _TYPE,
    "50002": _CLOSED,
}
"""How the refusals are mended that are about the account."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


def passive() -> Finding:
    """Say why an account is asked nothing."""
    return fine("A passive account: it answers in WeChat's own calls, and needs no API")


async def quota(api: Api) -> Finding:
    """Say how many replies the day has left.

    Raises:
        ChannelError: it was not answered.
    """
    found = (await api.ask("POST", QUOTA, {"cgi_path": SEND})).get("quota")
    told = found if isinstance(found, Mapping) else {}
    limit, left = _number(told, "daily_limit"), _number(told, "remain")
    if not limit:
        return fine("WeChat names no limit for the replies of a day")
    values = {"left": left, "limit": limit}
    if left <= 0:
        return wrong(
            "The replies of this day are used up (%(limit)d)",
            "they are counted anew at midnight in Beijing; 开发 > 接口权限 can clear the count",
            **values,
        )
    if left < limit * FEW:
        return warn(
            "%(left)d of %(limit)d replies of this day are left",
            "see who causes so many; 开发 > 接口权限 can clear the count",
            **values,
        )
    return fine("%(left)d of %(limit)d replies of this day are left", **values)


async def permission(api: Api) -> Finding:
    """Say whether an official account may reply at all.

    Raises:
        ChannelError: it may not, or it was not answered.
    """
    try:
        await api.ask("GET", SERVANTS)
    except Retryable:
        raise
    except ChannelError as error:
        if explain(error) is not None:
            raise
        # It may reply; that it keeps no list of servants (65400) is its own business.
    return fine("The account may send customer-service replies")


def menu(drift: Sequence[str]) -> Finding:
    """Say whether the menu that the platform shows is the one in the settings."""
    if drift:
        return warn(
            "The account's menu is not as in config.yaml: %(drift)s",
            "`yingda inbox menu NAME --push` makes it so; or mend menu in config.yaml",
            drift=", ".join(drift[:3]) + (" …" if len(drift) > 3 else ""),  # noqa: PLR2004 - a line
        )
    return fine("The account's menu is as config.yaml says, if it says anything")


async def network(api: Api) -> Finding:
    """Say whether WeChat finds the server URL that stands in its console.

    Raises:
        ChannelError: it was not answered.
    """
    found = await api.ask("POST", NETWORK, {"action": "all", "check_operator": "DEFAULT"})
    addresses, pings = _rows(found, "dns"), _rows(found, "ping")
    if not addresses:
        return wrong(
            "WeChat cannot resolve the name of the server URL",
            "enter our address under 开发 > 基本配置 > 服务器配置, and mend its DNS entry",
        )
    if pings and all(row.get("package_loss") == LOST for row in pings):
        return warn(
            "WeChat's ping does not come through to the server URL",
            "open port 80 or 443 to the internet; where only ping is shut out, all is well",
        )
    return fine("WeChat reaches the server URL")


def _rows(found: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = found.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _number(found: Mapping[str, Any], name: str) -> int:
    number = found.get(name)
    return number if isinstance(number, int) else 0
