"""What ails a company's customer service: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark, wrong
from channels.wecom.api import Api

_SECRET = mark("copy secret again from 应用管理 > 微信客服 > API, and start again")
_CORP = mark("copy corp_id again from 我的企业 > 企业信息 > 企业ID, and start again")
_ACCOUNTS = mark("copy the accounts' ids (wk...) again from 微信客服 > 客服账号 into config.yaml")
_RIGHT = mark("let the application use customer service: 微信客服 > API > 可调用接口的应用")
MENDS: Mapping[str, str] = {
    "40001": _SECRET,
    "41004": _SECRET,
    "40013": _CORP,
    "41002": _CORP,
    "48002": _RIGHT,
    "60011": _RIGHT,
    "60020": mark("add the address that is named here to the application's 企业可信IP"),
    "95000": _ACCOUNTS,
    "95004": _ACCOUNTS,
    "95017": mark("confirm 微信客服 in WeCom's console; it is not open to the API yet"),
}
"""How the refusals are mended that are about the company."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


async def accounts(api: Api, served: Sequence[str]) -> Finding:
    """Say whether the accounts that are served are shown to us.

    Raises:
        ChannelError: it was not answered.
    """
    known = await api.accounts()
    if unknown := [name for name in served if name not in known]:
        return wrong(
            "WeCom does not show us these accounts: %(accounts)s",
            "mend accounts in config.yaml, or give the application the right: 微信客服 > API",
            accounts=", ".join(unknown),
        )
    if powerless := [name for name in served if not known[name]]:
        return wrong(
            "WeCom lets us not send as these accounts: %(accounts)s",
            "give them to the application: 微信客服 > API > 通过API管理微信客服账号",
            accounts=", ".join(powerless),
        )
    return fine(
        "The accounts that are served are there and may be used: %(count)d", count=len(served)
    )
