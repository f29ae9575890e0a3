"""What the accounts of WeCom customer service (微信客服) are told in `config.yaml`."""

from __future__ import annotations

from pydantic import Field, SecretStr

from channels.tencent.settings import CalledConfig


class Config(CalledConfig):
    """One company; the values stand in its console under 应用管理 → 微信客服."""

    corp_id: str = Field(min_length=1, description="the company's id (ww...)")
    secret: SecretStr = Field(min_length=1, description="the Secret of 微信客服")
    accounts: tuple[str, ...] = Field(
        min_length=1, description="the customer-service accounts served here (open_kfid, wk...)"
    )
    aes_key: SecretStr = Field(description="the EncodingAESKey chosen for the server URL")
    poll_seconds: float = Field(
        default=120.0,
        ge=10,
        le=3600,
        description="seconds after which messages are asked for though WeCom did not call",
    )
    repeated: frozenset[int] = Field(
        default=frozenset(),
        description="error codes that mean that a message with this msgid was taken before",
    )
    take_back: bool = Field(
        default=True,
        description="yes: who waits in WeCom's own queue is answered from here, and who is with a "
        "servicer there once an agent writes; their session there ends by it",
    )
