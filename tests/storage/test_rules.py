"""Rules of an entry: when and for whom it applies, and how they are kept."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from storage import knowledge
from storage.knowledge import Content
from storage.rules import Attachment, Rules, rules_of

ASKED = Content("退货", (), {"zh": "可以"})


def every(now):
    return Rules(
        mode="exact",
        risk="strict",
        valid_from=now,
        valid_to=now + timedelta(days=1),
        tags=("vip",),
        level=2,
        related=("refund",),
        must_match=("我要退货",),
        must_not_match=("换货",),
        files=(Attachment("f" * 32, "a.png", "image/png", 5, "zh", "weibo"),),
    )


def test_what_is_stored_comes_back_and_nothing_is_stored_of_nothing(now):
    rules = every(now)
    assert rules_of(rules.stored()) == rules
    assert set(rules.stored()) == {field.name for field in fields(Rules)}
    assert Rules().stored() == {}


@pytest.mark.parametrize(
    "stored",
    [
        {"mode": "regex", "risk": 3, "level": "x", "tags": "vip", "valid_from": "soon"},
        {"files": ["x", {"id": "x"}, {"id": 1, "so": 2}]},
        {"valid_to": "2026-01-01T00:00:00", "related": None},
        {"valid_from": "0001-01-01T00:00:00+08:05:43", "valid_to": "9999-12-31T23:59:00-08:00"},
    ],
)
def test_what_nobody_can_read_counts_as_unsaid(stored):
    assert rules_of(stored) == Rules()


def test_an_entry_applies_from_its_first_moment_until_just_before_its_last(now):
    second = timedelta(seconds=1)
    rules = Rules(valid_from=now, valid_to=now + 2 * second)
    valid = [rules.is_valid(now + step * second) for step in (-1, 0, 1, 2)]
    assert valid == [False, True, True, False]
    assert Rules().is_valid(now)


def test_a_customer_needs_one_of_the_tags_and_the_level():
    rules = Rules(tags=("vip", "staff"), level=2)
    assert rules.admits(["staff"], 2)
    assert not rules.admits(["staff"], 1)
    assert not rules.admits(["new"], 9)
    assert Rules().admits([], 0)


async def test_rules_are_published_and_taken_back_with_the_entry(db, now):
    first = replace(ASKED, rules=every(now))
    for content in (first, ASKED):
        await db.write(knowledge.save_draft, "returns", content, None, now)
        await db.write(knowledge.publish, None, "", now)
    await db.write(knowledge.rollback, 1, None, now)
    assert (await db.read(knowledge.live_entries))[0].content == first


async def test_a_table_that_says_nothing_of_rules_leaves_them(db, now):
    await db.write(knowledge.save_draft, "returns", replace(ASKED, rules=every(now)), None, now)
    await db.write(knowledge.publish, None, "", now)
    await db.write(knowledge.save_drafts, {"returns": Content("退货?")}, None, now)
    state = await db.read(knowledge.get_article, "returns")
    assert knowledge.content_of(state.draft) == Content("退货?", rules=every(now))
