"""Publishing: drafts are tried out, then published on purpose, now or at a time; by whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from storage import kept_tests, knowledge, plans, timers
from storage.knowledge import Content
from storage.models import PlanState, Role
from storage.zone import ZONE

REFUND = Content("退款多久到账？", ("钱什么时候退",), {"zh": "三天", "en": "Three days"}, "service")
RETURN = Content("如何申请退货？", (), {"zh": "在订单里申请"}, "service")
QUICK = replace(REFUND, answers={"zh": "两天", "en": "Three days"})
YES = {"sure": "yes", "when": "now"}
REASON = "The test is of last year and will be mended."


async def draft(desk, key="refund", content=QUICK):
    await desk.db.write(knowledge.save_draft, key, content, None, desk.time.now)


async def tried(desk, browser, *keys):
    """Try the drafts of these entries; return where the result is."""
    answer = await browser.post("/kb/rehearsals", data={"key": list(keys or ("refund",))})
    await desk.services.rehearsals.settled()
    return answer.headers["location"]


async def break_a_test(desk):
    await desk.db.write(kept_tests.keep, "退款多久到账", "return", None, desk.time.now)


def live(desk):
    return desk.services.knowledge.entry("refund").answers["zh"]


async def test_what_could_change_is_chosen_with_its_differences(kb_desk):
    await draft(kb_desk)
    editor = await kb_desk.enter("editor")
    page = (await editor.get("/kb/publish")).text
    assert "<del>三天</del>" in page
    assert "<ins>两天</ins>" in page
    assert 'name="key" value="refund" checked' in page


async def test_where_many_drafts_wait_each_shows_its_differences_when_it_is_opened(kb_desk):
    editor = await kb_desk.enter("editor")
    for number in range(11):
        assert "<details><summary>What it changed" not in (await editor.get("/kb/publish")).text
        await draft(kb_desk, f"new-{number}")
    page = (await editor.get("/kb/publish")).text
    assert page.count("<details><summary>What it changed") == 11
    assert page.count("<ins>两天</ins>") == 11


async def test_a_draft_is_tried_then_published_on_purpose(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    page = (await boss.get(gate)).text
    assert "Every example and every kept test comes out as it must." in page
    assert live(kb_desk) == "三天"
    answer = await boss.post(f"{gate}/publish", data={**YES, "note": "faster"})
    assert answer.headers["location"] == "/kb/releases?told=published"
    assert live(kb_desk) == "两天"
    assert "faster" in (await boss.get("/kb/releases")).text


async def test_nobody_publishes_by_accident(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    answer = await boss.post(f"{gate}/publish", data={"when": "now", "note": "kept words"})
    assert answer.status_code == 422
    assert 'id="e-sure"' in answer.text
    assert "kept words" in answer.text
    assert live(kb_desk) == "三天"


async def test_only_what_was_chosen_is_published(kb_desk):
    await draft(kb_desk)
    await draft(kb_desk, "return", REFUND)
    boss = await kb_desk.enter("boss")
    await boss.post(f"{await tried(kb_desk, boss)}/publish", data=YES)
    found = await kb_desk.db.read(knowledge.drafts, None)
    assert list(found) == ["return"]


async def test_all_drafts_are_tried_where_there_are_too_many_to_choose(kb_desk):
    await draft(kb_desk)
    await draft(kb_desk, "return", REFUND)
    boss = await kb_desk.enter("boss")
    answer = await boss.post("/kb/rehearsals", data={"all": "yes"})
    await kb_desk.services.rehearsals.settled()
    await boss.post(f"{answer.headers['location']}/publish", data=YES)
    assert await kb_desk.db.read(knowledge.drafts, None) == {}


async def test_what_was_changed_since_must_be_tried_again(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    kb_desk.time.go_on(timedelta(seconds=1))
    await draft(kb_desk)
    assert "figures are of before" in (await boss.get(gate)).text
    answer = await boss.post(f"{gate}/publish", data=YES)
    assert answer.status_code == 422
    assert "Try them again" in answer.text
    assert live(kb_desk) == "三天"


async def test_what_was_tried_yesterday_must_be_tried_again(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    kb_desk.time.go_on(timedelta(days=1))
    boss = await kb_desk.enter("boss")
    assert (await boss.post(f"{gate}/publish", data=YES)).status_code == 422
    assert live(kb_desk) == "三天"


async def test_a_failing_example_holds_a_release_back(kb_desk):
    await draft(kb_desk)
    await break_a_test(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    assert "1 example does not come out as it must." in (await boss.get(gate)).text
    for reason in ("", "because", "   .      . "):
        answer = await boss.post(f"{gate}/publish", data={**YES, "reason": reason})
        assert answer.status_code == 422
        assert 'id="e-reason"' in answer.text
    assert live(kb_desk) == "三天"


async def test_a_supervisor_publishes_in_spite_of_it_with_a_reason_that_is_kept(kb_desk):
    await draft(kb_desk)
    await break_a_test(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    await boss.post(f"{gate}/publish", data={**YES, "reason": REASON})
    assert live(kb_desk) == "两天"
    assert REASON in (await boss.get("/kb/releases")).text


async def test_an_editor_tries_but_does_not_publish(kb_desk):
    await draft(kb_desk)
    editor = await kb_desk.enter("editor")
    gate = await tried(kb_desk, editor)
    assert "A supervisor publishes it" in (await editor.get(gate)).text
    for path in (f"{gate}/publish", "/kb/releases/1/rollback", f"/kb/plans/{UUID(int=1)}/cancel"):
        assert (await editor.post(path, data=YES)).status_code == 403
    assert live(kb_desk) == "三天"


async def test_a_firm_may_let_editors_publish_but_not_overrule(kb_desk):
    kb_desk.app.state.services = replace(kb_desk.services, publishers=frozenset({Role.EDITOR}))
    await draft(kb_desk)
    editor, boss = await kb_desk.enter("editor"), await kb_desk.enter("boss")
    gate = await tried(kb_desk, editor)
    assert (await boss.post(f"{gate}/publish", data=YES)).status_code == 403
    await break_a_test(kb_desk)
    broken = await tried(kb_desk, editor)
    answer = await editor.post(f"{broken}/publish", data={**YES, "reason": REASON})
    assert answer.status_code == 422
    assert "only a supervisor" in answer.text
    for test in await kb_desk.db.read(kept_tests.kept):
        await kb_desk.db.write(kept_tests.drop, test.id)
    await editor.post(f"{await tried(kb_desk, editor)}/publish", data=YES)
    assert live(kb_desk) == "两天"


async def test_agents_have_no_pages_of_releases(kb_desk):
    li = await kb_desk.enter("li")
    for path in ("/kb/publish", "/kb/releases", f"/kb/rehearsals/{UUID(int=1)}"):
        assert (await li.get(path)).status_code == 403


async def planned(desk, boss, after):
    """Let the draft of `refund` be planned for so long from now; return the plan."""
    await draft(desk)
    gate = await tried(desk, boss)
    due = (desk.time.now + after).astimezone(ZONE)
    later = {**YES, "when": "later", "at": f"{due:%Y-%m-%dT%H:%M}"}
    answer = await boss.post(f"{gate}/publish", data=later)
    assert answer.headers["location"] == "/kb/releases?told=planned"
    (plan,) = await desk.db.read(plans.plans)
    return plan


async def test_a_release_is_planned_and_published_at_its_time(kb_desk):
    boss = await kb_desk.enter("boss")
    await planned(kb_desk, boss, timedelta(minutes=10))
    assert live(kb_desk) == "三天"
    kb_desk.time.go_on(timedelta(minutes=10))
    await kb_desk.db.write(timers.fire, {plans.KIND: plans.carry_out}, kb_desk.time.now)
    await kb_desk.services.knowledge.refresh()
    assert live(kb_desk) == "两天"
    assert "Release 2" in (await boss.get("/kb/releases")).text


async def test_whoever_opens_a_planned_draft_is_told_until_it_is_cancelled(kb_desk):
    boss = await kb_desk.enter("boss")
    plan = await planned(kb_desk, boss, timedelta(hours=2))
    assert '<a href="/kb/refund">退款多久到账？</a>' in (await boss.get("/kb/releases")).text
    assert "goes live by itself" in (await boss.get("/kb/refund")).text
    assert "goes live by itself" not in (await boss.get("/kb/return")).text
    assert "Planned already" in (await boss.get("/kb/publish")).text
    await boss.post(f"/kb/plans/{plan.release.id}/cancel")
    assert "goes live by itself" not in (await boss.get("/kb/refund")).text
    assert "Planned already" not in (await boss.get("/kb/publish")).text


@pytest.mark.parametrize(
    ("begun", "at", "due"),
    [
        ("2027-03-27T20:00+00:00", "2027-03-28T02:30", None),
        ("2027-03-27T18:00+00:00", "2027-03-28T02:30", "2027-03-27T18:30+00:00"),
        ("2027-10-30T18:00+00:00", "2027-10-31T02:30", "2027-10-30T18:30+00:00"),
        ("2028-02-28T15:00+00:00", "2028-02-29T00:00", "2028-02-28T16:00+00:00"),
        ("2027-02-28T15:00+00:00", "2027-02-29T00:00", None),
    ],
)
async def test_a_plan_is_for_the_houses_clock_whatever_the_machines_clock_does(
    kb_desk, live_in, begun, at, due
):
    live_in("Europe/Berlin")
    kb_desk.time.now = datetime.fromisoformat(begun)
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    answer = await boss.post(f"{gate}/publish", data={**YES, "when": "later", "at": at})
    assert answer.status_code == (422 if due is None else 303)
    waiting = [plan.release.due_at for plan in await kb_desk.db.read(plans.plans)]
    assert waiting == ([] if due is None else [datetime.fromisoformat(due)])


async def test_a_planned_release_is_cancelled_once(kb_desk):
    boss = await kb_desk.enter("boss")
    plan = await planned(kb_desk, boss, timedelta(hours=2))
    address = f"/kb/plans/{plan.release.id}/cancel"
    assert address in (await boss.get("/kb/releases")).text
    first, again = await boss.post(address), await boss.post(address)
    assert first.headers["location"].endswith("told=cancelled")
    assert again.headers["location"].endswith("told=over")
    (plan,) = await kb_desk.db.read(plans.plans)
    assert plan.release.state is PlanState.CANCELLED


@pytest.mark.parametrize("at", ["", "soon", "1999-01-01T00:00", "9999-12-31T23:59", "2026-13-01"])
async def test_a_moment_that_cannot_be_is_not_planned(kb_desk, at):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    gate = await tried(kb_desk, boss)
    answer = await boss.post(f"{gate}/publish", data={**YES, "when": "later", "at": at})
    assert answer.status_code == 422
    assert 'id="e-at"' in answer.text


async def test_an_unfinished_trial_shows_how_far_it_is_and_is_looked_at_again(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    answer = await boss.post("/kb/rehearsals", data={"key": "refund"})
    gate = answer.headers["location"]
    await kb_desk.services.rehearsals.close()
    partial = {"hx-request": "true", "hx-request-type": "partial"}
    page = (await boss.get(gate, headers=partial)).text
    assert "<html" not in page
    assert "<progress" in page
    assert 'hx-trigger="every 1s"' in page
    assert (await boss.post(f"{gate}/publish", data=YES)).status_code == 422
    kb_desk.time.go_on(timedelta(minutes=5))
    page = (await boss.get(gate)).text
    assert "did not come to its end" in page
    assert "hx-trigger" not in page


async def test_trying_nothing_says_so(kb_desk):
    editor = await kb_desk.enter("editor")
    answer = await editor.post("/kb/rehearsals", data={"key": "refund"})
    assert answer.headers["location"] == "/kb?told=nothing"
    assert "Nothing to publish" in (await editor.get("/kb/publish")).text


async def test_a_trial_that_is_not_there_is_not_found(kb_desk):
    boss = await kb_desk.enter("boss")
    path = f"/kb/rehearsals/{UUID(int=1)}"
    assert (await boss.get(path)).status_code == 404
    assert (await boss.post(f"{path}/publish", data=YES)).status_code == 404


async def test_a_release_is_taken_back(kb_desk):
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    await boss.post(f"{await tried(kb_desk, boss)}/publish", data=YES)
    answer = await boss.post("/kb/releases/1/rollback")
    assert answer.headers["location"].endswith("told=back")
    assert live(kb_desk) == "三天"
    again = await boss.post("/kb/releases/1/rollback")
    assert again.headers["location"].endswith("told=same")


async def test_what_left_is_shown_as_it_was_live_last_and_comes_back_as_a_draft(kb_desk):
    editor = await kb_desk.enter("editor")
    assert "No entry left" in (await editor.get("/kb/releases/gone")).text
    first = await kb_desk.db.read(knowledge.current_release)
    for answer in ("只收现金", "也能刷卡"):
        await draft(kb_desk, "pay", Content("怎么付款", (), {"zh": answer}))
        await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await kb_desk.db.write(knowledge.mark_deleted, "return", None, kb_desk.time.now)
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    page = (await editor.get("/kb/releases/gone")).text
    assert ("如何申请退货" in page, "怎么付款" in page) == (True, False)
    await kb_desk.db.write(knowledge.rollback, first, None, kb_desk.time.now)
    page = (await editor.get("/kb/releases/gone")).text
    assert ("如何申请退货" in page, "只收现金" in page, "也能刷卡" in page) == (False, False, True)
    number = page.split('name="revision" value="')[1].split('"')[0]
    answer = await editor.post("/kb/pay", data={"action": "restore", "revision": number})
    assert answer.headers["location"] == "/kb/pay?told=restored"
    assert "也能刷卡" in (await editor.get("/kb/pay")).text
    assert "No entry left" in (await editor.get("/kb/releases/gone")).text


async def test_what_was_live_in_one_release_says_which(kb_desk):
    first = await kb_desk.db.read(knowledge.current_release)
    await draft(kb_desk, "pay", Content("怎么付款", (), {"zh": "只收现金"}))
    await kb_desk.db.write(knowledge.publish, None, "", kb_desk.time.now)
    await kb_desk.db.write(knowledge.rollback, first, None, kb_desk.time.now)
    page = (await (await kb_desk.enter("editor")).get("/kb/releases/gone")).text
    assert f"Release {first + 1}<" in page
    assert f"Releases {first + 1} to" not in page


async def test_what_customers_wrote_is_shown_as_text(kb_desk):
    await kb_desk.db.write(kept_tests.keep, "<img src=x>", "return", None, kb_desk.time.now)
    await draft(kb_desk)
    boss = await kb_desk.enter("boss")
    page = (await boss.get(await tried(kb_desk, boss))).text
    assert "<img" not in page
    assert "&lt;img src=x&gt;" in page
