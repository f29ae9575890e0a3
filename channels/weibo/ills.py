"""What ails an account of Weibo's: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping

from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark, warn, wrong
from channels.weibo.api import Api
from channels.weibo.config import Config

DAY = 86_400
SOON = 7
"""Days before the end of a token in which it is worth a warning."""
FEW = 0.1
"""Of the hour's calls: so few left are worth a warning."""
_TOKEN = mark("make a new access_token for the account, put it into config.yaml, and start again")
_APP = mark("copy app_key and app_secret again from open.weibo.com, and start again")
_RIGHT = mark("apply for the interface on open.weibo.com > 接口管理, then make a new access_token")
MENDS: Mapping[str, str] = {
    "10004": mark("add this server's address to open.weibo.com > 安全设置 > 绑定IP"),
    "10005": _APP,
    "10006": _APP,
    "10013": _APP,
    "10014": _RIGHT,
    "21301": _TOKEN,
    "21314": _TOKEN,
    "21315": _TOKEN,
    "21316": _TOKEN,
    "21317": _TOKEN,
    "21319": _TOKEN,
    "21321": _RIGHT,
    "21327": _TOKEN,
    "21332": _TOKEN,
}
"""How the refusals are mended that are about the account."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


def passive() -> Finding:
    """Say why an account is asked nothing."""
    return fine("A passive account: it answers in Weibo's own calls, and needs no token")


async def token(api: Api, config: Config) -> Finding:
    """Say whose token it is, and how long it lasts.

    Raises:
        ChannelError: it is not good any more, or the platform cannot be asked.
    """
    told = await api.about_token()
    if (uid := str(told.get("uid") or config.uid)) != config.uid:
        return wrong(
            mark("The access token belongs to the account %(uid)s and not to this inbox's"),
            _TOKEN,
            uid=uid,
        )
    seconds = told.get("expire_in")
    days = seconds // DAY if isinstance(seconds, int) else SOON
    if isinstance(seconds, int) and seconds <= 0:
        return wrong(mark("The access token is over"), _TOKEN)
    if days < SOON:
        return warn(mark("The access token lasts %(days)d more days"), _TOKEN, days=days)
    return fine("The access token lasts %(days)d more days", days=days)


async def quota(api: Api) -> Finding:
    """Say how many calls of this hour are left.

    Raises:
        ChannelError: it was not answered.
    """
    told = await api.about_limits()
    limit, left = told.get("user_limit"), told.get("remaining_user_hits")
    if not isinstance(limit, int) or not isinstance(left, int):
        return fine("Weibo does not tell how many calls are left")
    values = {"left": left, "limit": limit}
    if left < limit * FEW:
        return warn(
            "%(left)d of %(limit)d calls of this hour are left",
            "watch fewer places, or raise poll_seconds; what waits goes out in the next hour",
            **values,
        )
    return fine("%(left)d of %(limit)d calls of this hour are left", **values)
