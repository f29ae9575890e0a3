"""What ails a bot of QQ: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping

from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark
from channels.qq.api import Api

_SECRET = mark("copy app_id and app_secret again from q.qq.com > 开发设置 into config.yaml")
_RIGHTS = mark("publish the bot on q.qq.com, or set `sandbox: true` while it is tried")
MENDS: Mapping[str, str] = {
    "app_secret": _SECRET,
    "11241": _SECRET,
    "11242": _SECRET,
    "11243": _SECRET,
    "11244": _SECRET,
    "11251": _RIGHTS,
    "11252": _RIGHTS,
    "11253": _RIGHTS,
    "11298": mark("add this server's public address to q.qq.com > 开发设置 > IP白名单"),
}
"""How the refusals are mended that are about the bot."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


async def account(api: Api) -> Finding:
    """Say as whom the bot is let in.

    Raises:
        ChannelError: it is not let in.
    """
    return fine("QQ knows the bot as %(name)s", name=await api.name())
