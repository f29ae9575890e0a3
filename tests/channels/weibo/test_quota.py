from datetime import UTC, datetime, timedelta

import pytest

from channels.errors import RateLimited
from channels.testing import RememberedMemory
from channels.weibo.quota import Limits, Quota, pause

LIMITS = Limits(an_hour=8, a_day=20, comments_an_hour=3)


class Watch:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 27, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def memory():
    return RememberedMemory()


async def used_up(call) -> tuple[int, RateLimited]:
    count = 0
    while True:
        try:
            await call()
        except RateLimited as limited:
            return count, limited
        count += 1


async def test_asking_leaves_a_quarter_of_the_hour_to_answers(memory, watch):
    quota = Quota(memory, watch, LIMITS)
    count, limited = await used_up(quota.ask)
    assert (count, limited.retry_after, limited.here) == (6, 1800, True)
    await quota.comment(2)
    with pytest.raises(RateLimited):
        await quota.comment(1)


async def test_the_day_ends_at_midnight_in_beijing(memory, watch):
    quota = Quota(memory, watch, LIMITS)
    for _ in range(3):
        count, limited = await used_up(quota.ask)
        watch.now += timedelta(hours=1)
    assert (count, limited.retry_after) == (3, 1800 + 3600 * 11)
    watch.now = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
    assert (await used_up(quota.ask))[0] == 6


async def test_the_leap_day_is_a_day_of_its_own(memory, watch):
    watch.now = datetime(2028, 2, 28, 15, 30, tzinfo=UTC)
    quota = Quota(memory, watch, Limits(an_hour=100, a_day=20, comments_an_hour=100))
    for _ in range(2):
        count, limited = await used_up(quota.ask)
        assert count == 15
        watch.now += timedelta(seconds=limited.retry_after)
        assert watch.now.hour == 16, "midnight in Beijing"
    assert watch.now == datetime(2028, 2, 29, 16, tzinfo=UTC)


async def test_comments_have_a_number_of_their_own_and_go_all_or_none(memory, watch):
    quota = Quota(memory, watch, LIMITS)
    await quota.comment(2)
    with pytest.raises(RateLimited):
        await quota.comment(2)
    await quota.comment(1)
    watch.now += timedelta(minutes=30)
    await quota.comment(3)


async def test_all_processes_share_one_count(memory, watch):
    one, other = Quota(memory, watch, LIMITS), Quota(memory, watch, LIMITS)
    for quota in (one, other) * 3:
        await quota.ask()
    for quota in (one, other):
        with pytest.raises(RateLimited):
            await quota.ask()


@pytest.mark.parametrize(
    ("limits", "places", "seconds"),
    [
        (Limits(150, 100, 30), 2, 2304),
        (Limits(150, 100, 30), 3, 3456),
        (Limits(150, 100_000, 30), 3, 120),
        (Limits(4, 100_000, 30), 1, 1200),
    ],
)
def test_rounds_spend_the_quota_evenly(limits, places, seconds):
    assert pause(limits, places, 120) == seconds
