from datetime import timedelta

from storage import adapter_memory


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
