"""What `config.yaml` says about a website chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from channels.inbox import InboxConfig

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")

Questions = Annotated[tuple[str, ...], Field(max_length=10)]
"""What a visitor may tap instead of writing."""


class Config(InboxConfig):
    """One chat window: who may show it, and how it looks."""

    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description="sites that may talk to this chat, like https://shop.example; empty: any",
    )
    secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="signs visitors' tokens; set it when several processes share the inbox, "
        "otherwise one is made and remembered",
    )
    identity_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="your site signs with it who is logged in; make one: openssl rand -hex 32",
    )
    old_identity_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="the one before it, believed as well while your site changes over",
    )
    attachments: bool = Field(
        default=False,
        description="visitors may send files; they are strangers, so mind the disk",
    )
    title: dict[str, str] = Field(
        default={"zh": "在线客服", "en": "Chat with us"},
        description="the window's title, by language",
    )
    color: str = Field(
        default="#1668dc", pattern=r"^#[0-9a-fA-F]{6}$", description="the brand's colour"
    )
    logo: str | None = Field(
        default=None,
        pattern=r"^(https://|/)[A-Za-z0-9_.-][^\s\"'<>\\]*$",
        description="a picture for the window's head: https://... or a path of this server",
    )
    greeting: dict[str, str] = Field(
        default={
            "zh": "您好！请问有什么可以帮您？随时输入“人工”可转接同事。",
            "en": "Hello! How can we help? Type “agent” at any time to talk to a person.",
        },
        description="the first line a visitor reads, by language",
    )
    suggestions: dict[str, Questions] | Questions = Field(
        default=(),
        description="questions to tap before anything was typed: a list for everybody, or "
        "lists by language, like {zh: [...], en: [...]}",
    )

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        folded = tuple(origin.lower().rstrip("/") for origin in origins)
        for origin in folded:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    "write each origin like https://shop.example, without a path; "
                    "leave the list empty to allow any"
                )
        return folded

    @field_validator("title", "greeting")
    @classmethod
    def _some_language(cls, texts: dict[str, str]) -> dict[str, str]:
        if not texts:
            raise ValueError("give at least one language, like {zh: ..., en: ...}")
        return texts

    @property
    def identity_secrets(self) -> tuple[str, ...]:
        """The secrets with which a site may sign, today's first."""
        secrets = (self.identity_secret, self.old_identity_secret)
        return tuple(each.get_secret_value() for each in secrets if each)

    def title_in(self, language: str | None) -> str:
        """Return the title in a language, or in the nearest there is."""
        return _nearest(self.title, language)

    def greeting_in(self, language: str | None) -> str:
        """Return the greeting in a language, or in the nearest there is."""
        return _nearest(self.greeting, language)


def _nearest(texts: Mapping[str, str], language: str | None) -> str:
    wanted = (language or "").replace("_", "-")
    found = texts.get(wanted) or texts.get(wanted.split("-")[0].lower())
    return found or next(iter(texts.values()))
