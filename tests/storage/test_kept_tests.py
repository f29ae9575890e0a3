"""Questions that are kept as tests."""

from datetime import timedelta

from storage import kept_tests


async def test_what_is_kept_of_a_question_replaces_what_was_kept_before(db, now):
    await db.write(kept_tests.keep, "钱呢", "refund", None, now)
    await db.write(kept_tests.keep, "你好", None, None, now + timedelta(seconds=1))
    newest = await db.write(kept_tests.keep, "钱呢", "return", None, now + timedelta(seconds=2))
    found = await db.read(kept_tests.kept)
    assert [(each.text, each.article_key) for each in found] == [("钱呢", "return"), ("你好", None)]
    assert await db.write(kept_tests.drop, newest.id)
    assert not await db.write(kept_tests.drop, newest.id)
    assert [each.text for each in await db.read(kept_tests.kept)] == ["你好"]
