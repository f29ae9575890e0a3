"""What a check of a Douyin account finds: how long it may go on, and what mends a refusal."""

from datetime import timedelta

import pytest

from channels.douyin.api import error_of
from channels.errors import Unauthorized
from channels.health import Checked


class Moving:
    """A clock that a test moves on."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def moving(clock):
    return Moving(clock())


async def test_a_fresh_authorisation_lasts_with_all_its_renewals(joined, moving):
    async with joined(clock=moving) as (adapter, _):
        assert isinstance(adapter, Checked)
        (found,) = await adapter.check(None)
        moving.now += timedelta(days=6)
        (later,) = await adapter.check(None)
    assert (found.level, found.values["days"], found.values["done"]) == ("ok", 130, 0)
    assert later.values["days"] == 124


async def test_the_last_month_is_told_before_it_is_over(joined, moving):
    async with joined(clock=moving) as (adapter, simulator):
        for _ in range(5):
            moving.now += timedelta(days=20)
            simulator.office.expire_token()
            assert (await adapter.check(None))[0].level in ("ok", "warning")
        (found,) = await adapter.check(None)
        assert found.level == "warning"
        assert found.line.startswith("The account's authorisation ends in 30 days; let the account")
        moving.now += timedelta(days=31)
        simulator.office.expire_token()
        (over,) = await adapter.check(None)
    assert (over.level, "authorise the application again" in over.mend) == ("problem", True)


@pytest.mark.parametrize(
    ("code", "words"),
    [(2190015, "open_id"), (28029004, "im.direct"), (28003095, "workbench")],
)
async def test_a_refusal_that_somebody_can_mend_says_how(joined, code, words):
    async with joined() as (adapter, _):
        assert words in adapter.explain(error_of(code, "no", {})).mend
        assert adapter.explain(Unauthorized("something else")) is None
