import pytest

from handlers.desk import errors
from handlers.desk.workflow import Incomplete, Invalid, WorkflowError

LEAVES = [value for value in vars(errors).values() if isinstance(value, type)]


@pytest.mark.parametrize("error", [e for e in LEAVES if e is not errors.AlreadyTaken])
def test_every_refusal_says_what_it_is(error):
    assert issubclass(error, errors.DeskError)
    assert str(error()).endswith(".")
    assert str(error("because")) == "because"


def test_who_was_quicker_is_named():
    error = errors.AlreadyTaken("小刘")
    assert error.by == "小刘"
    assert "小刘" in str(error)


def test_a_workflows_refusals_are_the_desks():
    assert issubclass(WorkflowError, errors.DeskError)
    assert Incomplete(("a", "b")).missing == ("a", "b")
    assert Invalid("due").field == "due"
