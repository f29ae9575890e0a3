import asyncio
from datetime import timedelta

from storage import adapter_memory, lanes

KEYS = ("lease:app", "token:app", "leases")


async def test_what_was_kept_is_there_until_it_expires(db, now):
    until = now + timedelta(hours=2)
    await db.write(adapter_memory.remember, "shop", "token", "secret", until)
    almost = until - timedelta(seconds=1)
    assert await db.read(adapter_memory.recall, "shop", "token", almost) == "secret"
    assert await db.read(adapter_memory.recall, "shop", "token", until) is None


async def test_without_a_time_it_is_kept_for_ever(db, now):
    await db.write(adapter_memory.remember, "shop", "cursor", "7", None)
    later = now + timedelta(days=4000)
    assert await db.read(adapter_memory.recall, "shop", "cursor", later) == "7"


async def test_the_newest_value_and_its_time_replace_the_old_ones(db, now):
    await db.write(adapter_memory.remember, "shop", "token", "old", now)
    await db.write(adapter_memory.remember, "shop", "token", "new", None)
    assert await db.read(adapter_memory.recall, "shop", "token", now) == "new"


async def test_inboxes_do_not_share_a_memory(db, now):
    await db.write(adapter_memory.remember, "shop", "token", "of shop", None)
    assert await db.read(adapter_memory.recall, "other", "token", now) is None
    assert await db.read(adapter_memory.recall, "shop", "other", now) is None


async def swapped(db, now, old, new, until=None):
    return await db.write(adapter_memory.swap, "shop", "lease", old, new, until, now)


async def kept(db, now):
    return await db.read(adapter_memory.recall, "shop", "lease", now)


async def test_of_two_that_claim_the_same_one_gets_it(db, now):
    until = now + timedelta(seconds=20)
    claims = [swapped(db, now, None, name, until) for name in ("a", "b", "c")]
    told = await asyncio.gather(*claims)
    assert sorted(told) == [False, False, True]
    assert await kept(db, now) == "abc"[told.index(True)]


async def test_what_has_expired_is_free_again(db, now):
    until = now + timedelta(seconds=20)
    assert await swapped(db, now, None, "a", until)
    assert not await swapped(db, until - timedelta(seconds=1), None, "b", until)
    assert await swapped(db, until, None, "b", until + timedelta(seconds=20))
    assert not await swapped(db, until, "a", None)
    assert await kept(db, until) == "b"


async def test_only_who_knows_the_value_replaces_or_removes_it(db, now):
    assert await swapped(db, now, None, "a")
    assert not await swapped(db, now, None, "b")
    assert not await swapped(db, now, "b", "c")
    assert await swapped(db, now, "a", "c", now + timedelta(seconds=1))
    assert not await swapped(db, now + timedelta(seconds=1), "c", "d")
    assert not await swapped(db, now, "a", None)
    assert await swapped(db, now, "c", None)
    assert await kept(db, now) is None


async def test_nothing_in_the_place_of_nothing_says_whether_there_is_nothing(db, now):
    assert await swapped(db, now, None, None)
    await swapped(db, now, None, "a")
    assert not await swapped(db, now, None, None)


async def test_a_lease_does_not_outlive_the_owner_of_the_database(db, now):
    for key in KEYS:
        await db.write(adapter_memory.remember, "shop", key, "a", now + timedelta(hours=1))
    await db.write(lanes.free_all)
    left = [await db.read(adapter_memory.recall, "shop", key, now) for key in KEYS]
    assert left == [None, "a", "a"]
