"""Planned releases: published once, by a timer's row, and only what was planned."""

from __future__ import annotations

from datetime import timedelta

import pytest

from storage import knowledge, plans, timers
from storage.knowledge import Content
from storage.models import PlanState

HOUR = timedelta(hours=1)


@pytest.fixture
async def planned(db, now):
    """A draft that goes live in an hour."""
    await db.write(knowledge.save_draft, "returns", Content("退货"), None, now)
    return await db.write(plans.plan, ["returns"], now + HOUR, "sale", None, now)


async def fire(db, moment):
    return await db.write(timers.fire, {plans.KIND: plans.carry_out}, moment)


async def state(db):
    return (await db.read(plans.plans))[0].release


async def live(db):
    return [entry.key for entry in await db.read(knowledge.live_entries)]


async def test_a_plan_is_carried_out_at_its_time_and_once(db, now, planned):
    await fire(db, now + HOUR - timedelta(seconds=1))
    assert await live(db) == []
    for _ in range(2):
        await fire(db, now + HOUR)
    assert await live(db) == ["returns"]
    assert await db.read(knowledge.current_release) == 1
    found = await state(db)
    assert (found.state, found.release) == (PlanState.PUBLISHED, 1)
    assert (await db.read(knowledge.releases))[0].note == "sale"


async def test_a_cancelled_plan_does_nothing(db, now, planned):
    assert await db.write(plans.cancel, planned.id)
    assert not await db.write(plans.cancel, planned.id)
    await fire(db, now + HOUR)
    assert await live(db) == []
    assert (await state(db)).state is PlanState.CANCELLED


async def test_what_was_changed_after_it_was_planned_is_not_published(db, now, planned):
    later = now + timedelta(minutes=1)
    await db.write(knowledge.save_draft, "returns", Content("别的"), None, later)
    await fire(db, now + HOUR)
    assert await live(db) == []
    assert (await state(db)).state is PlanState.OUTDATED


async def test_a_draft_beside_the_plan_stays_a_draft(db, now, planned):
    await db.write(knowledge.save_draft, "hours", Content("营业时间"), None, now)
    await fire(db, now + HOUR)
    assert await live(db) == ["returns"]


async def test_a_plan_whose_drafts_were_published_already_is_over(db, now, planned):
    await db.write(knowledge.publish, None, "at once", now)
    await fire(db, now + HOUR)
    assert (await state(db)).state is PlanState.OUTDATED
    assert await db.read(knowledge.current_release) == 1


async def test_what_waits_is_listed_first(db, now, planned):
    gone = await db.write(plans.plan, ["returns"], now + 2 * HOUR, "", None, now)
    await db.write(plans.cancel, gone.id)
    assert [each.release.id for each in await db.read(plans.plans)] == [planned.id, gone.id]
