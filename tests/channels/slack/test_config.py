import pytest
from pydantic import ValidationError

from channels.slack.config import Config

GOOD = {"channel": "slack", "bot_token": "xoxb-1-secret", "signing_secret": "0a1b2c"}


def test_a_good_config_shows_no_secret():
    config = Config(**GOOD, app_token="xapp-1-secret")
    assert "secret" not in f"{config!r} {config}".replace("signing_secret", "")
    assert config.transport == "http"


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"bot_token": "xoxp-1-wrong"}, "must start with xoxb-"),
        ({"app_token": "xoxb-1-wrong"}, "must start with xapp-"),
        ({"signing_secret": " "}, "must not be empty"),
        ({"signing_secret": None}, "transport http needs signing_secret"),
        ({"transport": "socket"}, "transport socket needs app_token"),
        ({"timeout": 0}, "greater than 0"),
        ({"errors": {"odd_word": "maybe"}}, "Input should be"),
        ({"bot_tokne": "xoxb-1"}, "not permitted"),
    ],
)
def test_a_wrong_config_says_what_to_do_and_shows_no_secret(change, advice):
    with pytest.raises(ValidationError) as refused:
        Config(**{**GOOD, **change})
    assert advice in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_a_socket_needs_no_signing_secret():
    config = Config(channel="slack", bot_token="xoxb-1", transport="socket", app_token="xapp-1")
    assert config.signing_secret is None
