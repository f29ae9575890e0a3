from storage import knowledge
from storage.changes import changed_since
from storage.knowledge import Content


async def publish(db, now, *keys, gone=()):
    for key in keys:
        await db.write(knowledge.save_draft, key, Content(f"{key}?"), None, now)
    for key in gone:
        await db.write(knowledge.mark_deleted, key, None, now)
    return (await db.write(knowledge.publish, None, "", now)).number


async def test_nothing_changed_since_the_live_release(db, now):
    number = await publish(db, now, "a", "b")
    changes = await db.read(changed_since, number)
    assert (changes.release, changes.entries, changes.gone) == (number, [], frozenset())


async def test_what_came_changed_and_went_is_told_apart(db, now):
    first = await publish(db, now, "a", "b", "c")
    await publish(db, now, "b", "d")
    last = await publish(db, now, gone=["a"])
    changes = await db.read(changed_since, first)
    assert changes.release == last
    assert [entry.key for entry in changes.entries] == ["b", "d"]
    assert changes.gone == {"a"}


async def test_what_came_and_went_again_is_not_told(db, now):
    first = await publish(db, now, "a")
    await publish(db, now, "passing")
    await publish(db, now, gone=["passing"])
    changes = await db.read(changed_since, first)
    assert (changes.entries, changes.gone) == ([], frozenset())


async def test_a_release_taken_back_is_a_change_too(db, now):
    first = await publish(db, now, "a", "b")
    second = await publish(db, now, "b", gone=["a"])
    await db.write(knowledge.rollback, first, None, now)
    changes = await db.read(changed_since, second)
    assert [entry.key for entry in changes.entries] == ["a"]
    assert changes.gone == frozenset()
