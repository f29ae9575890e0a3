from datetime import datetime

import pytest

from storage import knowledge
from storage.activity import since
from storage.database import Database
from storage.knowledge import Content, NothingToPublish, UnknownArticle, UnknownRelease
from storage.models import Fact

RETURNS = Content("如何申请退货", ("怎么退货",), {"zh": "在订单页申请"}, "service", "退货")
HOURS = Content("营业时间", (), {"zh": "9 点到 18 点"}, "other", "")


async def live(db: Database) -> dict[str, str]:
    entries = await db.read(knowledge.live_entries)
    return {entry.key: entry.content.question for entry in entries}


async def draft(db: Database, now: datetime, key: str | None, content: Content) -> str:
    await db.write(knowledge.save_draft, key, content, None, now)
    states = await db.read(knowledge.list_articles)
    return next(s.article.key for s in states if s.draft and s.draft.question == content.question)


async def publish(db: Database, now: datetime, *keys: str) -> int:
    release = await db.write(knowledge.publish, None, "", now, keys or None)
    return release.number


async def test_a_draft_is_not_live_before_it_is_published(db, now):
    await draft(db, now, "returns", RETURNS)
    assert await live(db) == {}
    assert await publish(db, now) == 1
    assert await live(db) == {"returns": "如何申请退货"}
    assert await db.read(knowledge.current_release) == 1


async def test_a_new_entry_without_a_key_gets_one(db, now):
    key = await draft(db, now, None, RETURNS)
    assert key.startswith("q-")


async def test_saving_twice_keeps_one_draft(db, now):
    await draft(db, now, "returns", HOURS)
    await draft(db, now, "returns", RETURNS)
    revisions = await db.read(knowledge.versions, "returns")
    assert [(v.number, v.question) for v in revisions] == [(1, "如何申请退货")]


async def test_kind_and_category_of_a_draft_reach_customers_only_when_published(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    await draft(db, now, "returns", Content("退货", kind="price", category="钱"))
    (entry,) = await db.read(knowledge.live_entries)
    assert (entry.content.kind, entry.content.category) == ("service", "退货")
    await publish(db, now)
    (entry,) = await db.read(knowledge.live_entries)
    assert (entry.content.kind, entry.content.category) == ("price", "钱")


async def test_only_the_chosen_drafts_are_published(db, now):
    await draft(db, now, "returns", RETURNS)
    await draft(db, now, "hours", HOURS)
    await publish(db, now, "hours")
    assert await live(db) == {"hours": "营业时间"}
    state = await db.read(knowledge.get_article, "returns")
    assert state is not None
    assert state.live is None
    assert state.draft is not None


async def test_publishing_nothing_is_refused(db, now):
    with pytest.raises(NothingToPublish):
        await publish(db, now)


async def test_a_deleted_entry_leaves_with_the_next_release(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    await db.write(knowledge.mark_deleted, "returns", None, now)
    assert await live(db) == {"returns": "如何申请退货"}
    await publish(db, now)
    assert await live(db) == {}
    assert await db.read(knowledge.list_articles) == []


async def test_a_deleted_entry_can_be_written_again(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    await db.write(knowledge.mark_deleted, "returns", None, now)
    await publish(db, now)
    await draft(db, now, "returns", HOURS)
    await publish(db, now)
    assert await live(db) == {"returns": "营业时间"}


async def test_deleting_what_was_never_live_leaves_no_trace(db, now):
    await draft(db, now, "returns", RETURNS)
    assert await db.write(knowledge.mark_deleted, "returns", None, now) is None
    assert await db.read(knowledge.get_article, "returns") is None


async def test_deleting_what_does_not_exist_is_refused(db, now):
    with pytest.raises(UnknownArticle):
        await db.write(knowledge.mark_deleted, "nothing", None, now)


async def test_a_rollback_is_a_new_release_with_the_old_texts(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    await draft(db, now, "returns", Content("退货怎么办"))
    await draft(db, now, "hours", HOURS)
    await publish(db, now)
    release = await db.write(knowledge.rollback, 1, None, now)
    assert release.number == 3
    assert await live(db) == {"returns": "如何申请退货"}
    await db.write(knowledge.rollback, 2, None, now)
    assert await live(db) == {"returns": "退货怎么办", "hours": "营业时间"}


async def test_a_rollback_keeps_drafts(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    await draft(db, now, "returns", Content("退货怎么办"))
    await publish(db, now)
    await draft(db, now, "returns", Content("退货第三版"))
    await db.write(knowledge.rollback, 1, None, now)
    state = await db.read(knowledge.get_article, "returns")
    assert state is not None
    assert state.live is not None
    assert state.draft is not None
    assert (state.live.question, state.draft.question) == ("如何申请退货", "退货第三版")


async def test_a_rollback_to_what_is_live_or_unknown_is_refused(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    with pytest.raises(NothingToPublish):
        await db.write(knowledge.rollback, 1, None, now)
    with pytest.raises(UnknownRelease):
        await db.write(knowledge.rollback, 9, None, now)


async def test_every_release_is_a_fact(db, now):
    await draft(db, now, "returns", RETURNS)
    await publish(db, now)
    (fact,) = await db.read(since, 0)
    assert fact.fact is Fact.KNOWLEDGE_RELEASED
    assert fact.data["release"] == 1
    assert fact.data["keys"] == ["returns"]


async def test_entries_are_found_by_text_key_and_kind(db, now):
    await draft(db, now, "returns", RETURNS)
    await draft(db, now, "hours_%", HOURS)

    async def found(query: str = "", kind: str = "", **more: bool) -> list[str]:
        chosen = knowledge.Chosen(query, kind, **more)
        states = await db.read(knowledge.list_articles, chosen)
        assert await db.read(knowledge.count_articles, chosen) == len(states)
        return [state.article.key for state in states]

    assert await found("怎么退货") == ["returns"]
    assert await found("订单页") == ["returns"]
    assert await found("HOURS_%") == ["hours_%"]
    assert await found("%") == ["hours_%"]
    assert await found(kind="service") == ["returns"]
    assert await found() == ["hours_%", "returns"]
    await db.write(knowledge.publish, None, "", now, None)
    assert await found(drafted=True) == []
    await draft(db, now, "hours_%", RETURNS)
    assert await found(drafted=True) == ["hours_%"]


async def test_many_drafts_are_saved_as_one_by_one(db, now):
    await draft(db, now, "returns", HOURS)
    await publish(db, now)
    await draft(db, now, "returns", Content("旧草稿"))
    await db.write(knowledge.save_drafts, {"returns": RETURNS, "hours": HOURS}, None, now)
    assert len(await db.read(knowledge.versions, "returns")) == 2
    await publish(db, now)
    assert await live(db) == {"returns": "如何申请退货", "hours": "营业时间"}
