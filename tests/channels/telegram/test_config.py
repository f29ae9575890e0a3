"""Settings that are wrong say how to mend them, and never show a secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from channels.telegram.config import Config

GOOD = {"channel": "telegram", "bot_token": "123456:AAtoken", "secret_token": "s3cret-_"}


def test_the_least_that_is_needed():
    config = Config(**GOOD)
    assert config.transport == "webhook"
    assert config.bot_id == 123456
    assert config.api == "https://api.telegram.org"


def test_polling_needs_no_secret():
    config = Config(channel="telegram", bot_token="1:a", transport="polling")
    assert config.secret_token is None


def test_a_base_url_may_end_with_a_slash():
    assert Config(**GOOD, base_url="http://127.0.0.1:8081/").api == "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"secret_token": None}, "transport: polling"),
        ({"secret_token": "two words"}, "letters"),
        ({"secret_token": "x" * 257}, "256"),
        ({"bot_token": "AAtoken"}, "BotFather"),
        ({"bot_token": "123:a/../b"}, "BotFather"),
        ({"bot_token": "٣:a"}, "BotFather"),
        ({"webhook_url": "help.example.com"}, "pattern"),
        ({"proxy": "127.0.0.1:3128"}, "http://host:port"),
        ({"poll_timeout": 51}, "50"),
        ({"timeout": 0}, "greater"),
        ({"tranport": "polling"}, "tranport"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(changes, hint):
    with pytest.raises(ValidationError) as wrong:
        Config(**{**GOOD, **changes})
    assert hint in str(wrong.value)
    assert "AAtoken" not in str(wrong.value)


def test_no_secret_shows():
    assert "AAtoken" not in repr(Config(**GOOD))
    assert "s3cret" not in repr(Config(**GOOD))
