import pytest
from pydantic import ValidationError

from channels.wechat.config import Config

TOLD = {"channel": "wechat", "app_id": "wx1", "app_secret": "sesame-open", "token": "tell-me"}


def test_the_least_is_enough():
    config = Config(**TOLD)
    assert (config.mode, config.aes_key, config.errors) == ("active", None, {})


def test_numbers_are_taken_as_words():
    assert Config(**{**TOLD, "token": 12345}).token.get_secret_value() == "12345"


@pytest.mark.parametrize("key", ["short", "a" * 42, "a" * 44, "a" * 42 + "="])
def test_a_wrong_key_is_explained_and_not_shown(key):
    with pytest.raises(ValidationError, match="exactly 43 letters and digits") as refused:
        Config(**TOLD, aes_key=key)
    assert f"'{key}'" not in str(refused.value)


@pytest.mark.parametrize("name", ["app_id", "app_secret", "token"])
def test_an_empty_secret_is_refused(name):
    with pytest.raises(ValidationError):
        Config(**{**TOLD, name: ""})


def test_secrets_do_not_show():
    shown = repr(Config(**TOLD, aes_key="k" * 43))
    assert not [secret for secret in ("sesame", "tell-me", "kkk") if secret in shown]
