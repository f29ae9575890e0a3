"""Cases at the desk: the list, the eight steps, who may take them, what is said when not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from handlers.desk import tickets as cases
from storage import conversations, tickets
from storage.models import Author
from storage.zone import ZONE

RECORD = {"category": "quality", "facts": "杯子破了", "severity": "high"}


@pytest.fixture
async def case(desk_console):
    """A complaint that the agent li has opened."""
    talk = await desk_console.talk(text="<script>alert(1)</script> 杯子破了")
    new = cases.NewTicket("complaint", {"facts": "杯子破了"}, "quality")
    li = desk_console.agents["li"]
    return await desk_console.db.write(
        cases.open_from_desk, talk.id, li, new, desk_console.time.now
    )


async def go(desk, ticket, name, action, **fields):
    """Take one step behind the console's back."""
    agent = desk.agents[name]
    return await desk.db.write(cases.take_step, ticket.number, action, agent, fields, desk.time.now)


async def proposed(desk, ticket, by="li"):
    await go(desk, ticket, "li", "record", **RECORD)
    await go(desk, ticket, "li", "accept")
    await go(desk, ticket, "li", "assign", department="仓库")
    await go(desk, ticket, by, "analyse", cause="包装太薄")
    return await go(desk, ticket, by, "propose", solution="退款", amount="129")


async def test_a_new_case_is_pending_and_not_handled(desk_console, case):
    li = await desk_console.enter("li")
    assert case.number in (await li.get("/tickets")).text
    assert case.number not in (await li.get("/tickets?view=handled")).text
    assert case.number in (await li.get("/tickets?view=all")).text


async def test_the_list_is_filtered_by_state_and_by_words(desk_console, case):
    li = await desk_console.enter("li")
    assert case.number not in (await li.get("/tickets?state=proposed")).text
    assert case.number in (await li.get("/tickets", params={"q": "杯子"})).text
    assert "No case matches" in (await li.get("/tickets?q=unheard-of")).text


async def test_an_unknown_state_in_the_address_filters_nothing(desk_console, case):
    li = await desk_console.enter("li")
    assert case.number in (await li.get("/tickets?state=nonsense&kind=%3Cb%3E")).text


async def test_a_case_shows_its_steps_and_the_customers_words_as_text(desk_console, case):
    li = await desk_console.enter("li")
    page = (await li.get(f"/tickets/{case.number}")).text
    assert page.count('<li class="done"><span class="dot">') == 1
    assert 'aria-current="step"' in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert f"/inbox/{case.conversation_id}" in page


async def test_only_the_next_legal_steps_have_a_form(desk_console, case):
    li = await desk_console.enter("li")
    page = (await li.get(f"/tickets/{case.number}")).text
    assert 'name="action" value="record"' in page
    assert 'name="action" value="withdraw"' in page
    assert 'value="approve"' not in page


async def test_a_step_is_taken_and_told(desk_console, case):
    li = await desk_console.enter("li")
    form = {"action": "record", "version": case.version, **RECORD}
    answer = await li.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.headers["location"] == f"/tickets/{case.number}?told=record"
    stored = await desk_console.db.read(tickets.get, case.number)
    assert (stored.state, stored.severity) == ("recorded", "high")
    assert "Done: Record the facts" in (await li.get(answer.headers["location"])).text


async def test_a_missing_field_is_named_and_what_was_written_stays(desk_console, case):
    li = await desk_console.enter("li")
    form = {"action": "record", "version": case.version, "category": "", "facts": "Broken cup"}
    answer = await li.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.status_code == 422
    assert 'id="e-category"' in answer.text
    assert "Broken cup" in answer.text
    assert (await desk_console.db.read(tickets.get, case.number)).state == "received"


async def test_a_value_that_is_no_choice_is_refused(desk_console, case):
    li = await desk_console.enter("li")
    form = {"action": "record", "version": case.version, "category": "weather", "facts": "x"}
    answer = await li.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.status_code == 422
    assert "This value is not possible." in answer.text


async def test_who_proposed_cannot_approve_and_is_told_why(desk_console, case):
    ticket = await proposed(desk_console, case, by="boss")
    boss = await desk_console.enter("boss")
    page = (await boss.get(f"/tickets/{case.number}")).text
    assert "somebody else must approve it" in page
    form = {"action": "approve", "version": ticket.version}
    answer = await boss.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.status_code == 403
    assert (await desk_console.db.read(tickets.get, case.number)).state == "proposed"


async def test_of_two_who_take_a_step_the_second_is_told_to_look_again(desk_console, case):
    li = await desk_console.enter("li")
    await go(desk_console, case, "zhao", "record", **RECORD)
    form = {"action": "record", "version": 1, **RECORD}
    answer = await li.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.status_code == 409
    assert "look again first" in answer.text


async def test_a_supervisor_finds_what_waits_and_approves_it(desk_console, case):
    ticket = await proposed(desk_console, case)
    boss = await desk_console.enter("boss")
    page = (await boss.get("/approvals")).text
    assert case.number in page
    assert "129" in page
    form = {"action": "approve", "version": ticket.version}
    await boss.post(f"/tickets/{case.number}/steps", data=form)
    assert (await desk_console.db.read(tickets.get, case.number)).state == "approved"
    assert "Nothing waits for you" in (await boss.get("/approvals")).text


async def test_ones_own_solution_is_listed_as_waiting_for_another(desk_console, case):
    await proposed(desk_console, case, by="boss")
    boss = await desk_console.enter("boss")
    page = (await boss.get("/approvals")).text
    assert "Waiting for somebody else" in page
    assert 'value="approve"' not in page


async def test_approvals_are_not_for_agents(desk_console):
    li = await desk_console.enter("li")
    assert (await li.get("/approvals")).status_code == 403


async def test_a_case_that_went_another_way_shows_no_step_as_next(desk_console, case):
    await go(desk_console, case, "li", "withdraw", reason="solved")
    li = await desk_console.enter("li")
    page = (await li.get(f"/tickets/{case.number}")).text
    assert 'aria-current="step"' not in page
    assert "What comes next" not in page
    assert "Withdrawn" in page


async def test_a_deadline_that_has_passed_is_said_in_words(desk_console, case):
    await go(desk_console, case, "li", "record", **RECORD)
    await go(desk_console, case, "li", "accept")
    due = desk_console.time.now.date().isoformat()
    await go(desk_console, case, "li", "assign", department="仓库", due=due)
    desk_console.time.go_on(timedelta(days=3))
    li = await desk_console.enter("li")
    assert 'aria-label="Late"' in (await li.get("/tickets")).text


async def test_an_agent_opens_a_complaint_and_the_customer_hears_its_number(desk_console):
    talk = await desk_console.talk()
    li = await desk_console.enter("li")
    assert (await li.get(f"/tickets/new?conv={talk.id}")).status_code == 200
    form = {"category": "service", "facts": "Nobody answered", "severity": "critical"}
    answer = await li.post(f"/tickets/new?conv={talk.id}", data=form)
    number = answer.headers["location"].split("/")[2].split("?")[0]
    stored = await desk_console.db.read(tickets.get, number)
    assert (stored.category, stored.severity) == ("service", "critical")
    said = await desk_console.db.read(conversations.history, talk.id)
    assert said[-1].author is Author.SYSTEM
    assert number in said[-1].parts[0].text


async def test_a_form_keeps_its_key_while_it_is_put_right(desk_console):
    talk = await desk_console.talk()
    li = await desk_console.enter("li")
    url, key = f"/tickets/new?conv={talk.id}", "0198c7a0-0000-7000-8000-000000000001"
    answer = await li.post(url, data={"category": "service", "key": key})
    assert (answer.status_code, f'value="{key}"' in answer.text) == (422, True)
    form = {"category": "service", "facts": "Nobody answered", "key": "no key at all"}
    assert (await li.post(url, data=form)).status_code == 303


async def test_a_complaint_without_facts_is_not_opened(desk_console):
    talk = await desk_console.talk()
    li = await desk_console.enter("li")
    answer = await li.post(f"/tickets/new?conv={talk.id}", data={"category": "service"})
    assert answer.status_code == 422
    assert 'id="e-facts"' in answer.text
    assert await desk_console.db.read(tickets.of_conversation, talk.id) == []


async def test_what_is_not_there_is_not_found(desk_console):
    li = await desk_console.enter("li")
    nowhere = "00000000-0000-0000-0000-000000000000"
    form = {"category": "service", "facts": "x"}
    for answer in (
        await li.get("/tickets/TS1"),
        await li.post("/tickets/TS1/steps", data={"action": "record"}),
        await li.get(f"/tickets/new?conv={nowhere}"),
        await li.post(f"/tickets/new?conv={nowhere}", data=form),
    ):
        assert answer.status_code == 404


async def test_editors_have_no_cases(desk_console, case):
    editor = await desk_console.enter("editor")
    assert (await editor.get("/tickets")).status_code == 403
    assert (await editor.get(f"/tickets/{case.number}")).status_code == 403


async def test_a_step_without_the_forms_token_is_refused(desk_console, case):
    li = await desk_console.enter("li")
    del li.headers["x-csrf-token"]
    form = {"action": "record", "version": case.version, **RECORD}
    assert (await li.post(f"/tickets/{case.number}/steps", data=form)).status_code == 403
    assert (await desk_console.db.read(tickets.get, case.number)).state == "received"


async def test_a_deadline_ends_with_its_day_where_the_desk_is(desk_console, case):
    await go(desk_console, case, "li", "record", **RECORD)
    await go(desk_console, case, "li", "accept")
    li = await desk_console.enter("li")
    form = {"action": "assign", "department": "仓库", "due": "2026-11-30"}
    assert (await li.post(f"/tickets/{case.number}/steps", data=form)).status_code == 303
    stored = await desk_console.db.read(tickets.get, case.number)
    assert stored.due_at == datetime(2026, 12, 1, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("steps", "form", "said"),
    [
        (
            2,
            {"action": "assign", "department": "仓库", "due": "9999-12-31"},
            "within the next ten years",
        ),
        (4, {"action": "propose", "solution": "退款", "amount": "abc"}, "a sum, such as 269.00"),
    ],
)
async def test_what_a_value_must_be_is_said_beside_it(desk_console, case, steps, form, said):
    walk = (
        ("record", RECORD),
        ("accept", {}),
        ("assign", {"department": "仓库"}),
        ("analyse", {"cause": "包装太薄"}),
    )
    for action, fields in walk[:steps]:
        await go(desk_console, case, "li", action, **fields)
    boss = await desk_console.enter("boss")
    answer = await boss.post(f"/tickets/{case.number}/steps", data=form)
    assert answer.status_code == 422
    assert said in answer.text


async def test_each_field_of_the_page_has_an_id_of_its_own(desk_console, case):
    await proposed(desk_console, case)
    page = (await (await desk_console.enter("admin")).get(f"/tickets/{case.number}")).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert "f-return-reason" in ids
    assert "f-withdraw-reason" in ids
    assert sorted(ids) == sorted(set(ids))


async def test_the_conversation_shows_who_took_which_step(desk_console, case):
    await go(desk_console, case, "li", "record", **RECORD)
    li = await desk_console.enter("li")
    page = (await li.get(f"/inbox/{case.conversation_id}")).text
    assert "小李: Record the facts" in page
    assert f'<a href="/tickets/{case.number}">' in page


async def test_who_returned_a_solution_is_not_shown_as_who_found_the_cause(desk_console, case):
    await proposed(desk_console, case)
    await go(desk_console, case, "boss", "return", reason="too little")
    page = (await (await desk_console.enter("li")).get(f"/tickets/{case.number}")).text
    names = re.findall(r'<span class="text">(\w+)<span class="who">([^<]+)<', page)
    shown = desk_console.agents["li"].display_name
    assert names == [(step, shown) for step in ("Receive", "Record", "Judge", "Assign", "Cause")]
