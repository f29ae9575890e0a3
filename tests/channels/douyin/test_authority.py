"""How an authorisation is kept alive, and what is said when it cannot be."""

from datetime import datetime, timedelta

import pytest

from channels.douyin.adapter import Adapter
from channels.douyin.authority import MOST_RENEWALS, RENEW
from channels.douyin.config import Config
from channels.douyin.simulator import Simulator, refusal
from channels.errors import Unauthorized
from channels.testing import RememberedMemory, serve


class Office:
    """An account and its platform over the weeks: `after` lets time pass and a token be needed."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.simulator = Simulator("shop", self.clock)
        self.memory = RememberedMemory(self.clock)
        self.granted = self.simulator.office.granted
        self.url = ""

    def clock(self) -> datetime:
        return self.now

    async def after(self, days: float) -> None:
        self.now += timedelta(days=days)
        told = {**self.simulator.settings, "refresh_token": self.granted}
        config = Config(channel="douyin", base_url=self.url, **told)
        async with Adapter("shop", config, self.memory, self.clock):
            pass


@pytest.fixture
async def office(now):
    found = Office(now)
    async with serve(found.simulator.app) as found.url:
        await found.after(0)
        yield found


async def test_it_is_renewed_before_it_ends_and_the_new_one_is_kept(office):
    for _ in range(4):
        await office.after(5)
    assert office.simulator.office.renewals == 1
    assert office.simulator.office.refresh_token != office.granted
    for _ in range(3):
        await office.after(5)
    assert office.simulator.office.renewals == 1


async def test_after_five_renewals_no_more_is_asked_for_until_the_account_is_authorised_anew(
    office,
):
    for _ in range(4 * MOST_RENEWALS + 5):
        await office.after(5)
    assert office.simulator.calls.count(RENEW) == MOST_RENEWALS
    with pytest.raises(Unauthorized, match="authorise the account again"):
        await office.after(6)
    office.granted = "rft.authorised-anew"
    office.simulator.office.authorise(office.granted)
    for _ in range(5):
        await office.after(5.5)
    assert office.simulator.office.renewals == 1


async def test_an_authorisation_that_is_not_renewed_is_used_while_it_lasts(office):
    await office.after(10)
    office.simulator.faults.append(refusal(2100004))
    await office.after(11)
    assert office.simulator.calls[-2:] == [RENEW, "/oauth/refresh_token/"]
    assert office.simulator.office.renewals == 0
    await office.after(6)
    assert office.simulator.office.renewals == 1


async def test_one_that_ended_needs_a_human(office):
    office.simulator.office.authorise("rft.another")
    with pytest.raises(Unauthorized, match="authorise the account again"):
        await office.after(6)
    assert "rft." not in repr(office.memory.kept.get("trouble:" + office.simulator.open_id))
