"""What `config.yaml` says about a Telegram inbox."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from channels.inbox import InboxConfig

API = "https://api.telegram.org"

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,255}", re.ASCII)
_PROXY = re.compile(r"https?://[^\s/]+/?")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)


class Config(InboxConfig):
    """One bot, as @BotFather made it."""

    bot_token: SecretStr = Field(description="from @BotFather, like 123456789:AA...")
    transport: Literal["webhook", "polling"] = Field(
        default="webhook",
        description="webhook: Telegram calls us; polling: we ask (no public address needed)",
    )
    secret_token: SecretStr | None = Field(
        default=None,
        description="proves that a call is Telegram's; the same as was given to setWebhook",
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="where Telegram shall call; set at start when given",
    )
    proxy: SecretStr | None = Field(
        default=None,
        description="an http(s) proxy on the way to Telegram, like http://user:password@host:3128",
    )
    timeout: float = Field(default=10.0, gt=0, le=60, description="seconds for one call")
    poll_timeout: int = Field(
        default=25, ge=0, le=50, description="seconds Telegram may hold an empty answer back"
    )

    @field_validator("bot_token")
    @classmethod
    def _looks_like_a_token(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("copy it whole from @BotFather: digits, a colon, letters and digits")
        return token

    @field_validator("secret_token")
    @classmethod
    def _is_allowed_by_telegram(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _SECRET.fullmatch(token.get_secret_value()):
            raise ValueError("use 1 to 256 letters, digits, _ and -")
        return token

    @field_validator("proxy")
    @classmethod
    def _is_a_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy is not None and not _PROXY.fullmatch(proxy.get_secret_value()):
            raise ValueError("write it as http://host:port or http://user:password@host:port")
        return proxy

    @model_validator(mode="after")
    def _a_webhook_needs_its_secret(self) -> Self:
        if self.transport == "webhook" and self.secret_token is None:
            raise ValueError(
                "secret_token is missing: choose 1 to 256 letters, digits, _ and -, and give the "
                "same to setWebhook (or set webhook_url and it is done for you); "
                "without a public address set `transport: polling` instead"
            )
        return self

    @property
    def api(self) -> str:
        """The root before `/bot<token>/<method>`."""
        return (self.base_url or API).rstrip("/")

    @property
    def bot_id(self) -> int:
        """The bot's own user id, which is the first half of its token."""
        return int(self.bot_token.get_secret_value().partition(":")[0])
