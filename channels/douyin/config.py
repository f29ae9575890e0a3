"""What a Douyin account is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from channels.inbox import InboxConfig

ErrorName = Literal[
    "Blocked", "Gone", "QuotaUsed", "RateLimited", "Refused", "TooLong", "Unauthorized",
    "Unavailable", "WindowClosed",
]  # fmt: skip
"""What an error code of the platform can mean to us."""


class Config(InboxConfig):
    """One account whose app has the permission for private messages: Douyin gives no new ones."""

    client_key: str = Field(min_length=1, description="the app's Client Key")
    client_secret: SecretStr = Field(
        min_length=8, description="the app's Client Secret; it signs the pushes"
    )
    open_id: str = Field(
        pattern=r"^[\w\-]{4,128}$", description="the account's own open_id in this app"
    )
    refresh_token: SecretStr = Field(
        min_length=8,
        description="what the account's authorisation gave for the permission im.direct_message; "
        "it lasts 30 days, and is renewed up to five times",
    )
    comments: bool = Field(
        default=False,
        description="yes: comments under the account's videos come in as public threads; "
        "needs an existing permission too (item.comment)",
    )
    comment_limit: int = Field(
        default=100,
        ge=10,
        le=1000,
        description="characters of one comment; Douyin names no number, this one is hearsay",
    )
    window_hours: float = Field(
        default=24.0,
        gt=0,
        description="hours that a customer's message may be answered; third-party figure",
    )
    window_replies: int = Field(
        default=6, ge=1, description="answers that it may have; third-party figure"
    )
    enter_seconds: float = Field(
        default=30.0,
        gt=0,
        description="seconds that who opens the talk may be greeted; third-party figure",
    )
    timeout: float = Field(default=10.0, gt=0, le=60, description="seconds for one API call")
    errors: dict[int, ErrorName] = Field(
        default_factory=dict,
        description="error codes of the platform to be taken otherwise than we do",
    )
