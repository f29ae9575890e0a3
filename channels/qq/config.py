"""What a QQ bot is told in `config.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field, SecretStr

from channels.inbox import InboxConfig

ErrorName = Literal[
    "Blocked", "QuotaUsed", "RateLimited", "Refused", "TooLong", "Unauthorized", "Unavailable",
    "WindowClosed", "Taken",
]  # fmt: skip
"""What an error code of the platform can mean to us; Taken: it has the message all the same."""


class Config(InboxConfig):
    """One official bot."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    app_id: str = Field(pattern=r"^[0-9]{4,20}$", description="the bot's AppID")
    app_secret: SecretStr = Field(
        min_length=8, description="the bot's AppSecret; calls are signed with a key made of it"
    )
    sandbox: bool = Field(
        default=False, description="yes: speak to the platform's test surroundings"
    )
    window_minutes: float = Field(
        default=60.0, gt=0, description="minutes that a message may be answered"
    )
    window_replies: int = Field(default=5, ge=1, description="answers that it may have")
    timeout: float = Field(default=10.0, gt=0, le=60, description="seconds for one API call")
    errors: dict[int, ErrorName] = Field(
        default_factory=dict,
        description="error codes of the platform to be taken otherwise than we do",
    )
