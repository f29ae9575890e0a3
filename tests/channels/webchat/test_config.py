from __future__ import annotations

import pytest
from pydantic import ValidationError

from channels.webchat.config import Config


def test_a_bare_chat_greets_in_both_languages():
    config = Config(channel="webchat")
    assert "人工" in config.greeting_in("zh-CN")
    assert config.title_in("en_US") == "Chat with us"
    assert config.title_in("fr") == config.title_in(None) == "在线客服"


@pytest.mark.parametrize(
    "origin", ["*", "shop.example", "https://shop.example/a", "https://a b", "javascript:x", ""]
)
def test_an_origin_that_is_none_is_refused(origin):
    with pytest.raises(ValidationError, match="origin"):
        Config(channel="webchat", allowed_origins=[origin])


def test_origins_are_compared_without_case_and_slash():
    config = Config(channel="webchat", allowed_origins=["https://Shop.example:8443/"])
    assert config.allowed_origins == ("https://shop.example:8443",)


@pytest.mark.parametrize(
    "settings",
    [
        {"color": "red;}"},
        {"logo": "javascript:alert(1)"},
        {"logo": "//evil.example/x.png"},
        {"logo": 'https://a"b'},
        {"secret": "short"},
        {"greeting": {}},
    ],
)
def test_what_would_break_the_window_is_refused(settings):
    with pytest.raises(ValidationError):
        Config(channel="webchat", **settings)


def test_suggestions_are_for_everybody_or_by_language():
    assert Config(channel="webchat", suggestions=["a"]).suggestions == ("a",)
    by_language = Config(channel="webchat", suggestions={"zh": ["甲"], "en": ["a"]}).suggestions
    assert by_language == {"zh": ("甲",), "en": ("a",)}
    with pytest.raises(ValidationError):
        Config(channel="webchat", suggestions={"zh": ["x"] * 11})
