"""What a WeChat official account is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from channels.tencent.settings import AppConfig, Approved, Name
from channels.wechat.menu import Menu


class OfficialNotice(Approved):
    """A template message, or a subscription notice."""

    kind: Literal["template", "subscription"] = Field(
        default="template",
        description="template: 模板消息 of a service account; subscription: 订阅通知",
    )


class Config(AppConfig):
    """One official account; the values stand in its console under 基本配置."""

    mode: Literal["active", "passive", "both"] = Field(
        default="active",
        description="passive: for accounts that may not call the customer-service API; "
        "both: in the answer to the push where that is in time, else by the API",
    )
    forget_unfollowed: bool = Field(
        default=True,
        description="yes: what is kept of who unfollows is deleted, as WeChat demands; cases stay",
    )
    menu: Menu | None = Field(
        default=None,
        description="the account's own menu as it should be, to name the taps on it",
    )
    notices: dict[Name, OfficialNotice] = Field(
        default_factory=dict,
        description="template messages and subscription notices that agents may send "
        "outside the window",
    )
