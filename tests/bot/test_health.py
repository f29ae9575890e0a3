"""Accounts are asked how they are, each on its own, and what they said is kept."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot import health
from bot.health import Health, examine, reach
from channels import dates
from channels.errors import Refused, Unauthorized, Unavailable
from channels.health import explained, fine, wrong
from channels.testing import closed_url

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECRET = "s3cr3t-v4lue"


class Account:
    """A channel that says what a test lets it say."""

    inbox = "shop"
    polling = listening = False

    def __init__(self, *found, error=None, opening=None, date=None):
        self.found, self.error, self.opening, self.date = found, error, opening, date
        self.callbacks = []

    async def __aenter__(self):
        if self.opening:
            raise self.opening
        return self

    async def __aexit__(self, *exc):
        pass

    async def check(self, callback):
        self.callbacks.append(callback)
        dates.hear(self.date)
        if self.error:
            raise self.error
        return self.found

    def explain(self, error):
        return explained(error, {"40164": "add the address"})


async def look(account, way=(None, None)):
    return await examine("shop", account, way, lambda: NOW, is_open=False)


async def test_what_the_channel_finds_comes_after_that_it_opens():
    report = await look(Account(fine("well"), wrong("ill", "mend it")))
    assert [each.line for each in report.findings] == [
        "The channel opens and is let in",
        "well",
        "ill; mend it",
    ]
    assert (report.level, report.at) == ("problem", NOW)


async def test_a_refusal_that_the_channel_knows_is_one_line_with_its_mend():
    for account in (
        Account(opening=Unauthorized("no (WeChat 40164: ip)")),
        Account(error=Unauthorized("no (WeChat 40164: ip)")),
    ):
        (found,) = (await look(account)).findings
        assert found.line == "The platform says no: no (WeChat 40164: ip); add the address"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unauthorized("HTTP 401"), "renew the secret"),
        (Unavailable("not reached"), "check the network"),
        (Refused("odd"), "check the network"),
        (RuntimeError(SECRET), "RuntimeError while it was checked"),
    ],
)
async def test_any_other_failure_is_one_line_without_secrets(error, words):
    (found,) = (await look(Account(opening=error))).findings
    assert found.level == "problem"
    assert words in found.line
    assert SECRET not in found.line


async def test_a_platform_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(health, "SECONDS", 0.0)

    class Slow(Account):
        async def check(self, callback):
            await asyncio.Event().wait()

    (found,) = (await look(Slow())).findings
    assert "no answer" in found.line


async def test_what_a_platform_says_is_one_short_line_without_tokens():
    told = f"access_token={SECRET}\nnext line {'x' * 1000}"
    report = await look(Account(wrong("It says %(problem)s", "mend it", problem=told)))
    line = report.findings[1].line
    assert SECRET not in line
    assert "\n" not in line
    assert len(line) < 400


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, "ok"), (-59, "ok"), (60, "warning"), (-240, "problem")]
)
async def test_a_clock_that_is_off_is_told_by_the_dates_of_the_answers(seconds, level):
    date = (NOW + timedelta(seconds=seconds)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    report = await look(Account(date=date))
    assert report.findings[1].level == level
    assert "clock" in report.findings[1].line


async def test_a_channel_that_is_called_is_told_where():
    account = Account()
    way = ("https://help.example/", fine("The public address leads to this service"))
    report = await look(account, way)
    url = "https://help.example/inboxes/shop/webhook"
    assert account.callbacks == [url]
    assert [each.line for each in report.findings][1:] == [
        "The public address leads to this service",
        f"Its platform calls {url}",
    ]


async def test_a_public_address_that_is_missing_plain_or_dead_is_worth_a_warning():
    missing, plain = await reach(None), await reach("http://help.example")
    dead = await reach(closed_url().replace("http://", "https://"))
    assert [each.level for each in (missing, plain, dead)] == ["warning"] * 3
    assert "set public_url" in missing.mend
    assert "not reached" in dead.line


async def test_an_account_is_checked_while_it_serves_and_the_report_is_kept(build):
    house = build(shop={}, other={})
    house.inboxes.start(house.intake.bring, house.intake.cursor)
    house.stack.push_async_callback(house.inboxes.stop)
    for inbox in house.inboxes.by_name.values():
        await inbox.ready.wait()
    mind = Health(house.db, house.inboxes, None, house.time)
    await mind.check("shop")
    await mind.check("nobody")
    ((name, report),) = (await mind.reports()).items()
    assert (name, report.at) == ("shop", house.time.now)
    assert report.findings[0].line == "The channel opens and is let in"


async def test_an_account_that_is_down_is_opened_anew_for_the_check(build):
    house = build(shop={})
    mind = Health(house.db, house.inboxes, None, house.time)
    await mind.check("shop")
    assert (await mind.reports())["shop"].findings[0].level == "ok"
    assert not house.inboxes.get("shop").ready.is_set()


async def test_of_all_processes_one_asks_what_is_due(build):
    house = build(shop={})
    mind = Health(house.db, house.inboxes, None, house.time)
    await mind.check_due()
    first = (await mind.reports())["shop"].at
    house.time.pass_by(minutes=29)
    await mind.check_due()
    assert (await mind.reports())["shop"].at == first
    house.time.pass_by(minutes=2)
    await mind.check_due()
    assert (await mind.reports())["shop"].at == house.time.now


async def test_a_report_of_another_version_is_as_none(build):
    house = build(shop={})
    memory = health.StoredMemory(house.db, "shop", house.time)
    await memory.set(health.KEPT, '{"at": "yesterday"}')
    assert await Health(house.db, house.inboxes, None, house.time).reports() == {}
