"""What the inboxes of WeChat and WeCom are told alike."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
)

from channels.inbox import InboxConfig
from channels.tencent.codes import ErrorName

AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class CalledConfig(InboxConfig):
    """An account that its platform calls, and that may answer for a while."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    token: SecretStr = Field(min_length=1, description="the Token chosen for the server URL")
    aes_key: SecretStr | None = Field(
        default=None,
        description="EncodingAESKey of the safe or compatible mode; absent: plain mode",
    )
    window_hours: float = Field(
        default=48.0, gt=0, description="hours that we may answer after the customer wrote"
    )
    window_replies: int = Field(
        default=5, ge=1, description="messages that we may send in that time"
    )
    timeout: float = Field(default=10.0, gt=0, le=60, description="seconds for one API call")
    errors: dict[int, ErrorName] = Field(
        default_factory=dict,
        description="error codes of the platform to be taken otherwise than we do",
    )

    @field_validator("aes_key")
    @classmethod
    def _whole_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not AES_KEY.fullmatch(key.get_secret_value()):
            raise ValueError(
                "aes_key must be the EncodingAESKey: exactly 43 letters and digits; "
                "copy it again from the account's console, or leave it out in plain mode"
            )
        return key


class Approved(BaseModel):
    """A notice whose template the platform approved."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    label: str = Field(
        min_length=1, max_length=100, description="what agents choose, and the thread shows"
    )
    template_id: str = Field(min_length=1, description="the template's id in the account")
    data: dict[str, str] = Field(
        min_length=1, description="the template's fields; {time} becomes the time of sending"
    )
    page: str | None = Field(
        default=None, description="the page that a tap opens: of the mini program, or https://..."
    )


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]


class AppConfig(CalledConfig):
    """An account at mp.weixin.qq.com: an official account or a mini program."""

    app_id: str = Field(min_length=1, description="AppID")
    app_secret: SecretStr = Field(min_length=1, description="AppSecret")
    account: str | None = Field(
        default=None,
        description="the account's original id (gh_...); others' messages are then refused",
    )
