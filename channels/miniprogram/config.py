"""What a mini program is told in `config.yaml`."""

from __future__ import annotations

from pydantic import Field

from channels.tencent.settings import AppConfig, Approved, Name


class Config(AppConfig):
    """One mini program; the values stand in its console under 开发管理."""

    notices: dict[Name, Approved] = Field(
        default_factory=dict,
        description="subscription messages (订阅消息) that agents may send outside the window",
    )
