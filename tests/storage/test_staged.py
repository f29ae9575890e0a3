"""Drafts that are written piece by piece are seen all at once, or never."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import col, func, select

from storage import articles, imports, knowledge, staged
from storage.articles import Content
from storage.models import Article, ArticleVersion
from storage.rules import Rules

REFUND = Content("退款多久", ("钱",), {"zh": "三天"}, "service", "退款", Rules(level=2))
NUMBER = staged.stage_of("a file")


async def drafted(db):
    return {each.key: each.content for each in await db.read(imports.waiting)}


async def staged_(db, contents, now):
    await db.write(staged.stage, NUMBER, contents, None, now)


async def test_what_is_staged_is_seen_nowhere_until_it_is_shown_at_once(db, now):
    await db.write(knowledge.save_drafts, {"refund": REFUND}, None, now)
    await db.write(knowledge.publish, None, "", now)
    changed = Content("退款几天", (), {"zh": "五天"}, "price", "钱")
    await staged_(db, {"refund": changed}, now)
    await staged_(db, {"new": Content("营业时间", (), {"zh": "九点"})}, now)
    assert await drafted(db) == {}
    assert [each.key for each in await db.read(articles.live_entries)] == ["refund"]
    assert await db.read(knowledge.count_articles) == 1
    assert len(await db.read(articles.versions, "refund")) == 1
    assert (await db.read(knowledge.get_article, "new")).draft is None
    await db.write(staged.show, NUMBER)
    found = await drafted(db)
    assert sorted(found) == ["new", "refund"]
    assert (found["refund"].question, found["refund"].rules) == ("退款几天", REFUND.rules)
    await db.write(staged.put_in_place, {"refund": changed})
    assert (await db.read(knowledge.get_article, "refund")).article.category == "钱"


async def test_it_takes_the_place_of_drafts_and_is_published_like_any(db, now):
    await db.write(knowledge.save_drafts, {"refund": REFUND, "other": REFUND}, None, now)
    await staged_(db, {"refund": Content("退款几天", (), {"zh": "五天"})}, now)
    assert (await db.read(staged.in_the_way, NUMBER)) == (1, now)
    await db.write(staged.show, NUMBER)
    assert len(await db.read(imports.waiting)) == 2
    assert {key: each.question for key, each in (await drafted(db)).items()} == {
        "other": "退款多久",
        "refund": "退款几天",
    }
    await db.write(knowledge.publish, None, "", now)
    live = {each.key: each.content for each in await db.read(articles.live_entries)}
    assert live["refund"].question == "退款几天"
    assert live["refund"].rules == REFUND.rules


async def test_of_the_rules_only_those_change_that_are_told(db, now):
    rules = Rules(level=2, mode="exact", tags=("vip",))
    await db.write(knowledge.save_drafts, {"refund": replace(REFUND, rules=rules)}, None, now)
    told = replace(REFUND, rules=Rules(tags=("gold",)), told=frozenset({"level", "tags"}))
    await staged_(db, {"refund": told}, now)
    await db.write(staged.show, NUMBER)
    assert (await drafted(db))["refund"].rules == Rules(level=0, mode="exact", tags=("gold",))


async def test_what_is_dropped_leaves_nothing_behind(db, now, monkeypatch):
    monkeypatch.setattr(staged, "PIECE", 2)
    await db.write(knowledge.save_drafts, {"refund": REFUND}, None, now)
    await staged_(db, dict.fromkeys(("refund", "a", "b"), REFUND), now)
    assert [await db.write(staged.drop, NUMBER) for _ in range(3)] == [2, 1, 0]

    def left(session):
        return session.exec(select(Article.key)).all(), session.exec(
            select(func.count(col(ArticleVersion.id)))
        ).one()

    assert await db.read(left) == (["refund"], 1)
