import pytest
from pydantic import ValidationError

from channels.weibo.config import Config

TOLD = {"channel": "weibo", "uid": 1902538057, "app_key": 31415, "app_secret": "sesame-open"}


def test_numbers_are_taken_as_words():
    config = Config(**TOLD, access_token="2.00token")
    assert (config.uid, config.app_key) == ("1902538057", "31415")


def test_an_active_account_needs_its_token_and_a_passive_one_does_not():
    with pytest.raises(ValidationError, match="access_token is missing"):
        Config(**TOLD)
    assert Config(**TOLD, mode="passive").access_token is None


@pytest.mark.parametrize("uid", ["", "my shop", "-1"])
def test_a_uid_is_a_number(uid):
    with pytest.raises(ValidationError):
        Config(**{**TOLD, "uid": uid}, mode="passive")


def test_secrets_do_not_show():
    shown = repr(Config(**TOLD, access_token="2.00token"))
    assert "sesame" not in shown
    assert "2.00" not in shown
