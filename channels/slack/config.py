"""What a Slack inbox can be told in `config.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from channels.inbox import InboxConfig

Meaning = Literal[
    "rate_limited", "unavailable", "refused", "blocked", "too_long", "unauthorized", "uncertain"
]
"""What a word of Slack's means for the message that was to be sent."""


def _bot_token(token: SecretStr) -> SecretStr:
    if not token.get_secret_value().startswith("xoxb-"):
        raise ValueError(
            "must start with xoxb-: copy the Bot User OAuth Token from the app's page"
            " OAuth & Permissions"
        )
    return token


def _app_token(token: SecretStr) -> SecretStr:
    if not token.get_secret_value().startswith("xapp-"):
        raise ValueError(
            "must start with xapp-: make an App-Level Token with connections:write on the"
            " app's page Basic Information"
        )
    return token


def _filled(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("must not be empty: it stands on the app's page Basic Information")
    return secret


class Config(InboxConfig):
    """One Slack app, installed in one workspace."""

    bot_token: Annotated[SecretStr, AfterValidator(_bot_token)] = Field(
        description="the Bot User OAuth Token, xoxb-..."
    )
    signing_secret: Annotated[SecretStr, AfterValidator(_filled)] | None = Field(
        default=None, description="signs Slack's calls; needed for transport http"
    )
    transport: Literal["http", "socket"] = Field(
        default="http",
        description="http: Slack calls us; socket: we keep a line open (no public address needed)",
    )
    app_token: Annotated[SecretStr, AfterValidator(_app_token)] | None = Field(
        default=None,
        description="the App-Level Token with connections:write, xapp-...; needed for socket",
    )
    allowed_bots: tuple[str, ...] = Field(
        default=(),
        description="bots that may speak as customers: their bot, user or app ids",
    )
    language: Literal["zh", "en"] = Field(
        default="zh",
        description="the language of a form that a shortcut opens, where Slack does not tell the "
        "customer's (scope users:read)",
    )
    timeout: float = Field(default=10.0, gt=0, description="seconds to wait for Slack's answer")
    errors: dict[str, Meaning] = Field(
        default_factory=dict,
        description="what an error word of Slack's means, where it differs from our table",
    )

    @model_validator(mode="after")
    def _has_what_its_transport_needs(self) -> Self:
        if self.transport == "http" and self.signing_secret is None:
            raise ValueError("transport http needs signing_secret")
        if self.transport == "socket" and self.app_token is None:
            raise ValueError("transport socket needs app_token")
        return self
