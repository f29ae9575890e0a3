"""What a generic webhook is told in `config.yaml`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from channels.inbox import InboxConfig
from channels.webhook import signature


def _is_key(secret: SecretStr) -> SecretStr:
    signature.key(secret.get_secret_value())
    return secret


Secret = Annotated[SecretStr, AfterValidator(_is_key)]


class Config(InboxConfig):
    """One system that speaks for its customers: a shop's app, a bridge to another platform."""

    secret: Secret = Field(
        description="whsec_ and 24 to 64 random bytes in base64; signs both ways. "
        "Make one: echo whsec_$(openssl rand -base64 32)"
    )
    old_secret: Secret | None = Field(
        default=None,
        description="the secret before it, while the other side changes over: believed as well, "
        "and replies carry both signatures",
    )
    url: str | None = Field(
        default=None, pattern=r"^https?://[^\s/]+", description="where replies are posted"
    )
    attachments: bool = Field(
        default=False,
        description="yes: files of agents are posted too, up to 5 MB each, in base64: "
        "the other side must take bodies of 7 MB",
    )
    timeout: float = Field(default=15.0, gt=0, le=60, description="seconds for one post")

    @model_validator(mode="after")
    def _can_reply(self) -> Self:
        if self.url is None and self.base_url is None:
            raise ValueError("url is missing: the address that replies are posted to")
        return self

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys that are believed, today's first."""
        secrets = (self.secret, self.old_secret)
        return tuple(signature.key(each.get_secret_value()) for each in secrets if each)

    @property
    def target(self) -> str:
        """Where replies are posted."""
        return f"{self.base_url}/replies" if self.base_url else self.url or ""
