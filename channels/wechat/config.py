"""What a WeChat official account is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from channels.tencent.settings import AppConfig


class Config(AppConfig):
    """One official account; the values stand in its console under 基本配置."""

    mode: Literal["active", "passive", "both"] = Field(
        default="active",
        description="passive: for accounts that may not call the customer-service API; "
        "both: in the answer to the push where that is in time, else by the API",
    )
