"""What a Weibo account is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from channels.inbox import InboxConfig

ErrorName = Literal[
    "Blocked",
    "QuotaUsed",
    "RateLimited",
    "Refused",
    "TooLong",
    "Unauthorized",
    "Unavailable",
    "WindowClosed",
]
"""What an error code of the platform can mean to us."""


class Config(InboxConfig):
    """One verified account and the app that serves it."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    uid: str = Field(pattern=r"^[0-9]{1,20}$", description="the account's own number")
    app_key: str = Field(min_length=1, description="App Key")
    app_secret: SecretStr = Field(min_length=1, description="App Secret; it signs the pushes")
    access_token: SecretStr | None = Field(
        default=None, min_length=1, description="the account's token; needed to reply actively"
    )
    mode: Literal["active", "passive", "both"] = Field(
        default="active",
        description="passive: reply in the HTTP answer to a push only; "
        "both: there where that is in time, else actively",
    )
    timeout: float = Field(default=10.0, gt=0, le=60, description="seconds for one API call")
    errors: dict[int, ErrorName] = Field(
        default_factory=dict,
        description="error codes of the platform to be taken otherwise than we do",
    )

    @model_validator(mode="after")
    def _can_reply(self) -> Self:
        if self.mode != "passive" and self.access_token is None:
            raise ValueError(
                "access_token is missing: copy it from the account's developer page, "
                "or set mode: passive"
            )
        return self
