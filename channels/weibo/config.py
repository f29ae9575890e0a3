"""What a Weibo account is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from channels.inbox import InboxConfig
from channels.weibo.comments import Place
from channels.weibo.quota import Limits

ErrorName = Literal[
    "Blocked",
    "Gone",
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
    watch: tuple[Place, ...] = Field(
        default=(),
        description="what is read in public: comments under our posts, comments that name us "
        "(comment_mentions), posts that name us (mentions)",
    )
    poll_seconds: float = Field(
        default=120.0,
        ge=1,
        le=86400,
        description="seconds between two looks at what was said in public, if the calls allow",
    )
    calls_per_hour: int = Field(
        default=150, ge=4, description="calls that Weibo allows this account in an hour"
    )
    calls_per_day: int = Field(
        default=100, ge=4, description="calls that Weibo allows this account in a day"
    )
    comments_per_hour: int = Field(
        default=30, ge=1, description="comments that Weibo lets this account write in an hour"
    )
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
        if self.watch and self.mode == "passive":
            raise ValueError("a passive account cannot watch: it has no way to answer in public")
        if len(set(self.watch)) != len(self.watch):
            raise ValueError("watch names a place twice")
        return self

    @property
    def limits(self) -> Limits:
        """How often the account may be asked for and comment."""
        return Limits(self.calls_per_hour, self.calls_per_day, self.comments_per_hour)
