from uuid import UUID

import pytest

from handlers.desk.workflow import (
    COMPLAINT,
    FIELDS,
    TEXT_LIMIT,
    WORKFLOWS,
    Actor,
    Incomplete,
    Invalid,
    NotAllowed,
    NotPossible,
    find_step,
    given,
    options,
)

ANN, BOB = UUID(int=1), UUID(int=2)
ALL = frozenset({"agent", "handler", "supervisor"})
VALUES = {"text": "x", "date": "2026-11-30", "amount": "9"}
FULL = {f.name: f.choices[0] if f.choices else VALUES[f.kind] for f in FIELDS.values()}
EIGHT = ("record", "accept", "assign", "analyse", "propose", "approve", "implement", "close")


def walk(*actions: str) -> str:
    state, authors = COMPLAINT.start, {}
    for number, action in enumerate(actions):
        who = Actor(UUID(int=number + 10), ALL)
        state = find_step(COMPLAINT, state, action, who, fields=FULL, authors=authors).target
        authors.setdefault(action, set()).add(who.id)
    return state


def test_the_steps_of_the_manual_end_in_closed():
    assert walk(*EIGHT) == "closed"


@pytest.mark.parametrize("length", range(len(EIGHT)))
def test_the_path_is_walked_state_by_state(length):
    assert walk(*EIGHT[:length]) == COMPLAINT.path[length]


@pytest.mark.parametrize("skipped", range(len(EIGHT) - 1))
def test_no_step_can_be_skipped(skipped):
    with pytest.raises(NotPossible):
        walk(*EIGHT[:skipped], EIGHT[skipped + 1])


@pytest.mark.parametrize("state", sorted({step.source for step in COMPLAINT.steps}))
def test_every_state_can_reach_an_end(state):
    seen, todo = set(), [state]
    while todo:
        here = todo.pop()
        seen.add(here)
        todo += [s.target for s in COMPLAINT.steps_from(here) if s.target not in seen]
    assert seen & COMPLAINT.ends


def test_every_state_can_be_reached():
    reached = {COMPLAINT.start} | {step.target for step in COMPLAINT.steps}
    assert reached == set(COMPLAINT.states)


@pytest.mark.parametrize("end", sorted(COMPLAINT.ends))
def test_nothing_follows_an_end(end):
    assert COMPLAINT.steps_from(end) == ()


def test_no_state_has_two_steps_of_one_name():
    names = [(step.source, step.action) for step in COMPLAINT.steps]
    assert len(names) == len(set(names))


def test_every_field_of_every_step_is_described():
    for workflow in WORKFLOWS.values():
        for step in workflow.steps:
            assert set(step.needs + step.offers) <= set(FIELDS)
            assert not set(step.needs) & set(step.offers)


def test_every_field_is_asked_for_somewhere():
    assert set(FIELDS) == {n for step in COMPLAINT.steps for n in step.needs + step.offers}


@pytest.mark.parametrize("action", ["return", "reassign", "decline", "withdraw"])
def test_going_back_or_ending_early_needs_a_reason(action):
    for step in COMPLAINT.steps:
        if step.action == action:
            assert "reason" in step.needs


def test_only_a_supervisor_approves_or_returns():
    for step in COMPLAINT.steps:
        assert (step.action in {"approve", "return"}) == (step.role == "supervisor")


def test_a_returned_proposal_is_proposed_again():
    assert walk(*EIGHT[:5], "return", "propose", "approve") == "approved"


def test_the_wrong_department_sends_it_back():
    assert walk(*EIGHT[:3], "reassign", "assign") == "assigned"


@pytest.mark.parametrize("steps", range(7))
def test_a_complaint_can_be_withdrawn_until_it_is_carried_out(steps):
    assert walk(*EIGHT[:steps], "withdraw") == "withdrawn"


def test_what_was_carried_out_cannot_be_withdrawn():
    with pytest.raises(NotPossible):
        walk(*EIGHT[:7], "withdraw")


def test_nobody_approves_their_own_proposal():
    authors = {"propose": {ANN}}
    with pytest.raises(NotAllowed, match="not for the one who did 'propose'"):
        find_step(COMPLAINT, "proposed", "approve", Actor(ANN, ALL), fields={}, authors=authors)
    step = find_step(COMPLAINT, "proposed", "approve", Actor(BOB, ALL), fields={}, authors=authors)
    assert step.target == "approved"


def test_a_step_that_is_not_there():
    with pytest.raises(NotPossible, match="'close' does not start at 'received'"):
        find_step(COMPLAINT, "received", "close", Actor(ANN, ALL), fields=FULL, authors={})


def test_a_role_that_is_missing():
    agent = Actor(ANN, frozenset({"agent"}))
    with pytest.raises(NotAllowed, match="needs the role 'supervisor'"):
        find_step(COMPLAINT, "proposed", "return", agent, fields=FULL, authors={})


def test_blank_fields_are_named():
    actor = Actor(ANN, ALL)
    with pytest.raises(Incomplete) as error:
        find_step(COMPLAINT, "received", "record", actor, fields={"facts": "  "}, authors={})
    assert error.value.missing == ("category", "facts")


@pytest.mark.parametrize(
    ("name", "value"),
    [("category", "weather"), ("severity", "huge"), ("facts", "x" * (TEXT_LIMIT + 1))],
)
def test_a_value_that_does_not_fit_is_named(name, value):
    fields = {"category": "quality", "facts": "x", name: value}
    with pytest.raises(Invalid) as error:
        find_step(COMPLAINT, "received", "record", Actor(ANN, ALL), fields=fields, authors={})
    assert error.value.field == name


@pytest.mark.parametrize("value", ["tomorrow", "2026-13-01", "30.11.2026"])
def test_a_date_must_be_one(value):
    fields = {"department": "x", "due": value}
    with pytest.raises(Invalid):
        find_step(COMPLAINT, "valid", "assign", Actor(ANN, ALL), fields=fields, authors={})


SUMS = (
    "669",
    "669.00",
    "1,299",
    "¥669",
    "669 元",
    "二百元",
    "50元优惠券",
    "about 20 EUR",
    "６６９",
)
NO_SUMS = ("abc", "退款", "?")


@pytest.mark.parametrize("value", SUMS)
def test_a_sum_is_taken_as_people_write_it(value):
    fields = {"solution": "refund", "amount": value}
    actor = Actor(ANN, ALL)
    assert find_step(COMPLAINT, "analysed", "propose", actor, fields=fields, authors={})


@pytest.mark.parametrize("value", NO_SUMS)
def test_what_is_no_sum_is_not_approved_as_one(value):
    fields = {"solution": "refund", "amount": value}
    with pytest.raises(Invalid) as error:
        find_step(COMPLAINT, "analysed", "propose", Actor(ANN, ALL), fields=fields, authors={})
    assert error.value.field == "amount"


def test_only_what_the_step_asks_for_is_taken():
    (step,) = (s for s in COMPLAINT.steps if s.action == "assign")
    fields = {"department": " sales ", "due": " ", "cause": "x", "state": "closed"}
    assert given(step, fields) == {"department": "sales"}


def test_a_person_sees_which_steps_are_theirs_and_why_not():
    authors = {"propose": {ANN}}
    seen = {
        o.step.action: o.why_not for o in options(COMPLAINT, "proposed", Actor(ANN, ALL), authors)
    }
    assert seen == {"approve": "author", "return": None, "withdraw": None}
    handler = Actor(BOB, frozenset({"handler"}))
    seen = {o.step.action: o.why_not for o in options(COMPLAINT, "proposed", handler, authors)}
    assert seen == {"approve": "role", "return": "role", "withdraw": "role"}


def test_an_option_is_allowed_when_nothing_is_in_the_way():
    for option in options(COMPLAINT, "received", Actor(ANN, ALL), {}):
        assert option.allowed
        assert option.why_not is None


def test_the_states_are_the_path_and_the_other_ends():
    assert COMPLAINT.states[: len(COMPLAINT.path)] == COMPLAINT.path
    assert set(COMPLAINT.states) - set(COMPLAINT.path) == {"declined", "withdrawn"}
