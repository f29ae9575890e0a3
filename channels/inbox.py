"""What every inbox can be told in `config.yaml`, whatever its platform."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class InboxConfig(BaseModel):
    """The settings all channels share; each channel's `Config` adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    channel: str = Field(description="the platform: slack, telegram, webchat, wechat, weibo, ...")
    enabled: bool = Field(default=True, description="no: the inbox is off, its address answers 404")
    label: str | None = Field(default=None, description="the inbox's name in the desk")
    base_url: str | None = Field(
        default=None,
        description="the root before the platform's own paths, for tests and proxies",
    )
    on_uncertain: Literal["ask", "resend"] = Field(
        default="ask",
        description="what to do with a message that may or may not have arrived",
    )
    messages_per_second: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="how fast all processes together send, where the platform's usual limit is "
        "not this account's",
    )
