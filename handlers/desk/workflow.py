"""How a ticket may move: the manual's steps as data, and the functions that obey them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from handlers.desk.errors import DeskError

TEXT_LIMIT = 5000
"""How long a field may be."""
_NUMBER = re.compile(r"[\d〇零一二两三四五六七八九十百千万]")
"""What every sum of money has, however it is written: 669, ¥1,299.00, 二百元, a voucher of 50."""


class WorkflowError(DeskError):
    """The step was refused; nothing changed."""


class NotPossible(WorkflowError):
    """The ticket is not where this step starts."""


class NotAllowed(WorkflowError):
    """The person may not take this step."""


class Incomplete(WorkflowError):
    """The step needs fields that were left empty."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(f"fill in first: {', '.join(missing)}")
        self.missing = missing


class Invalid(WorkflowError):
    """A field holds something that it cannot hold."""

    def __init__(self, field: str) -> None:
        super().__init__(f"this value is not possible: {field}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a step asks for; the console draws a form from it."""

    name: str
    kind: Literal["text", "choice", "date", "amount"] = "text"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of the workflow: what it needs, what it may be given besides."""

    action: str
    source: str
    target: str
    role: str
    needs: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    not_by_author_of: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """All arrows of one kind of ticket; `path` is the way of one that meets no obstacle."""

    kind: str
    path: tuple[str, ...]
    ends: frozenset[str]
    steps: tuple[Step, ...]

    @property
    def start(self) -> str:
        """The state of a new ticket."""
        return self.path[0]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state: those of the path in order, then the other ends."""
        return self.path + tuple(sorted(self.ends - set(self.path)))

    def steps_from(self, state: str) -> tuple[Step, ...]:
        """Return the steps that start here."""
        return tuple(step for step in self.steps if step.source == state)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes the step, and which of the workflow's roles they play."""

    id: UUID
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Option:
    """A step as one person sees it: open to them, or why not (role or author)."""

    step: Step
    allowed: bool
    why_not: Literal["role", "author"] | None = None


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("category", "choice", ("quality", "service", "information", "price")),
            Field("severity", "choice", ("low", "normal", "high", "critical")),
            Field("wish", "choice", ("refund", "exchange", "repair", "apology", "other")),
            Field("result", "choice", ("satisfied", "acceptable", "unsatisfied", "unreachable")),
            Field("due", "date"),
            Field("department"),
            Field("facts"),
            Field("order"),
            Field("reason"),
            Field("cause"),
            Field("solution"),
            Field("amount", "amount"),
            Field("notice"),
            Field("feedback"),
        )
    }
)
"""What the steps ask for, by name."""

_UNFINISHED = ("received", "recorded", "valid", "assigned", "analysed", "proposed", "approved")

COMPLAINT = Workflow(
    kind="complaint",
    path=(*_UNFINISHED, "implemented", "closed"),
    ends=frozenset({"closed", "declined", "withdrawn"}),
    steps=(
        Step(
            "record",
            "received",
            "recorded",
            "agent",
            needs=("category", "facts"),
            offers=("severity", "order", "wish"),
        ),
        Step("accept", "recorded", "valid", "agent"),
        Step("decline", "recorded", "declined", "agent", needs=("reason",), offers=("notice",)),
        Step("assign", "valid", "assigned", "agent", needs=("department",), offers=("due",)),
        Step("analyse", "assigned", "analysed", "handler", needs=("cause",)),
        Step("reassign", "assigned", "valid", "handler", needs=("reason",)),
        Step("propose", "analysed", "proposed", "handler", needs=("solution",), offers=("amount",)),
        Step("approve", "proposed", "approved", "supervisor", not_by_author_of="propose"),
        Step("return", "proposed", "analysed", "supervisor", needs=("reason",)),
        Step("implement", "approved", "implemented", "handler", needs=("notice",)),
        Step("close", "implemented", "closed", "agent", needs=("feedback",), offers=("result",)),
        *(
            Step("withdraw", state, "withdrawn", "agent", needs=("reason",))
            for state in _UNFINISHED
        ),
    ),
)

WORKFLOWS: Mapping[str, Workflow] = MappingProxyType({COMPLAINT.kind: COMPLAINT})
"""The workflows by kind of ticket."""


def find_step(
    workflow: Workflow,
    state: str,
    action: str,
    actor: Actor,
    *,
    fields: Mapping[str, str],
    authors: Mapping[str, Collection[UUID]],
) -> Step:
    """Return the step that this actor takes now.

    Raises:
        NotPossible: no such step starts at `state`.
        NotAllowed: the role is missing, or the actor would approve their own work.
        Incomplete: a needed field is empty.
        Invalid: a field is too long, no date, a sum without a number, or not among its choices.
    """
    step = next((s for s in workflow.steps_from(state) if s.action == action), None)
    if step is None:
        raise NotPossible(f"{action!r} does not start at {state!r}")
    match _obstacle(step, actor, authors):
        case "role":
            raise NotAllowed(f"{action!r} needs the role {step.role!r}")
        case "author":
            raise NotAllowed(f"{action!r} is not for the one who did {step.not_by_author_of!r}")
        case None:
            _check(step, fields)
    return step


def options(
    workflow: Workflow, state: str, actor: Actor, authors: Mapping[str, Collection[UUID]]
) -> tuple[Option, ...]:
    """Return the steps that start at `state`, as this actor sees them."""
    seen = ((step, _obstacle(step, actor, authors)) for step in workflow.steps_from(state))
    return tuple(Option(step, why_not is None, why_not) for step, why_not in seen)


def given(step: Step, fields: Mapping[str, str]) -> dict[str, str]:
    """Return what the step takes from `fields`, trimmed; the rest and the empty is dropped."""
    values = {name: fields.get(name, "").strip() for name in step.needs + step.offers}
    return {name: value for name, value in values.items() if value}


def _obstacle(
    step: Step, actor: Actor, authors: Mapping[str, Collection[UUID]]
) -> Literal["role", "author"] | None:
    if step.role not in actor.roles:
        return "role"
    if step.not_by_author_of and actor.id in authors.get(step.not_by_author_of, ()):
        return "author"
    return None


def _check(step: Step, fields: Mapping[str, str]) -> None:
    values = given(step, fields)
    if missing := tuple(name for name in step.needs if name not in values):
        raise Incomplete(missing)
    for name, value in values.items():
        if not _fits(FIELDS[name], value):
            raise Invalid(name)


def _fits(field: Field, value: str) -> bool:
    match field.kind:
        case "text":
            return len(value) <= TEXT_LIMIT
        case "choice":
            return value in field.choices
        case "date":
            return _is_date(value)
        case "amount":
            return _NUMBER.search(value) is not None


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
