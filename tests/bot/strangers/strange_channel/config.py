from typing import Literal

from pydantic import Field, SecretStr, field_validator

from channels.inbox import InboxConfig


class Config(InboxConfig):
    mode: Literal["webhook", "passive", "both", "polling", "listening"] = "webhook"
    secret: SecretStr | None = None
    window_minutes: int | None = None
    window_messages: int | None = None
    idempotent: bool = False
    stored_is_sent: bool = False
    public: bool = False
    holds: int = Field(default=600, description="characters of one passive answer")

    @field_validator("secret")
    @classmethod
    def _long(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < 4:
            raise ValueError("a secret has at least 4 characters")
        return secret
