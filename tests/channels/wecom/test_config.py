import pytest

from channels.wecom.config import Config
from channels.wecom.simulator import Simulator


def config(clock, **changes):
    return Config(channel="wecom", **{**Simulator("shop", clock).settings, **changes})


@pytest.mark.parametrize("missing", ["corp_id", "secret", "token", "aes_key", "accounts"])
def test_what_must_be_told_is_named(clock, missing):
    told = {k: v for k, v in Simulator("shop", clock).settings.items() if k != missing}
    with pytest.raises(ValueError, match=missing):
        Config(channel="wecom", **told)


def test_an_inbox_without_accounts_is_refused(clock):
    with pytest.raises(ValueError, match="accounts"):
        config(clock, accounts=[])


@pytest.mark.parametrize("key", ["short", "x" * 44, "é" * 43])
def test_a_key_that_is_not_whole_is_refused_and_not_shown(clock, key):
    with pytest.raises(ValueError, match="43 letters") as refused:
        config(clock, aes_key=key)
    assert key not in str(refused.value)
