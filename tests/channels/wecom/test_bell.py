import asyncio
import json
from datetime import timedelta

import pytest

from channels.errors import Unavailable
from channels.testing import RememberedMemory
from channels.wecom import bell as bells
from channels.wecom.bell import Bell

ACCOUNTS = ("wk1", "wk2")
LONG = 60.0


@pytest.fixture
def memory(moving):
    return RememberedMemory(moving)


@pytest.fixture
def make(memory, moving):
    return lambda: Bell(memory, moving, ACCOUNTS)


async def test_who_asks_is_woken_for_the_account_that_was_called(make):
    bell = make()
    waiting = asyncio.create_task(bell.wait(LONG))
    await bell.ring("wk2", "T")
    assert await waiting == {"wk2": "T"}


async def test_calls_that_come_before_the_wait_are_not_lost_and_the_last_token_counts(make):
    bell = make()
    for account, token in (("wk1", "A"), ("wk2", "B"), ("wk1", "C")):
        await bell.ring(account, token)
    assert await bell.wait(LONG) == {"wk1": "C", "wk2": "B"}


async def test_without_any_call_all_are_asked_after_a_while(make):
    assert await make().wait(0) == {"wk1": None, "wk2": None}


async def test_another_accounts_call_wakes_nobody(make, memory):
    bell = make()
    await bell.ring("wk9", "T")
    assert await bell.wait(0) == {"wk1": None, "wk2": None}
    assert not memory.kept


async def test_a_call_to_another_process_is_heard(make, monkeypatch):
    monkeypatch.setattr(bells, "GLANCE", 0.01)
    web, worker = make(), make()
    worker.attended = True
    waiting = asyncio.create_task(worker.wait(LONG))
    await web.ring("wk1", "T")
    assert await waiting == {"wk1": "T"}
    await web.ring("wk1", "U")
    assert await worker.wait(LONG) == {"wk1": "U"}


async def test_who_asks_himself_leaves_no_hint(make, memory):
    bell = make()
    bell.attended = True
    await bell.ring("wk1", "T")
    assert not memory.kept


async def test_a_hint_that_cannot_be_left_refuses_no_call(moving):
    class Broken(RememberedMemory):
        async def set(self, key, value, expires_in=None):
            raise Unavailable("the database takes nothing now")

    bell = Bell(Broken(), moving, ACCOUNTS)
    await bell.ring("wk1", "T")
    assert await bell.wait(LONG) == {"wk1": "T"}


async def test_a_token_is_not_used_when_it_is_old(make, moving):
    bell = make()
    await bell.ring("wk1", "T")
    moving.now += timedelta(minutes=8)
    assert bell.token("wk1") == "T"
    moving.now += timedelta(minutes=1)
    assert bell.token("wk1") is None


async def test_the_hint_holds_the_token_and_when_it_came(make, memory, moving):
    await make().ring("wk1", "T")
    assert json.loads(memory.kept["bell:wk1"][0]) == {"token": "T", "at": moving().isoformat()}
