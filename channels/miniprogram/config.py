"""What a mini program is told in `config.yaml`."""

from __future__ import annotations

from channels.tencent.settings import AppConfig


class Config(AppConfig):
    """One mini program; the values stand in its console under 开发管理."""
