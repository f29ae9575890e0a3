"""What the pages of tickets show, read in one go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from channels.message import text_of
from console.ticket_words import BACKWARDS, STEPS
from handlers.desk import tickets as cases
from handlers.desk.errors import NotFound
from handlers.desk.tickets import ADD
from handlers.desk.workflow import FIELDS, WORKFLOWS, Field, Option
from storage import contacts, conversations, kindred, listings, tickets
from storage.models import Agent, Author, Contact, Conversation, Ticket, TicketStep

View = Literal["pending", "handled"]
PAGE = 50
ANEW = frozenset({"reason", "notice", "feedback", "result"})
WORDS = 8
"""How many of the customer's messages are shown beside a case."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is asked for."""

    view: View | None = "pending"
    kind: str | None = None
    state: str | None = None
    query: str = ""
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    ticket: Ticket
    contact: Contact | None
    inbox: str

    def late(self, now: datetime) -> bool:
        """Say whether the deadline has passed without an end."""
        due = self.ticket.due_at
        return due is not None and self.ticket.closed_at is None and due < now


@dataclass(frozen=True, slots=True)
class Stage:
    """One of the eight steps: done by whom and when, now, or still to come."""

    label: str
    state: Literal["done", "now", "next"]
    who: str = ""
    when: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Something the customer wrote."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """One step as this person sees it, with the fields it asks for."""

    option: Option
    needed: tuple[Field, ...]
    offered: tuple[Field, ...]
    backwards: bool


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one ticket that its page shows."""

    ticket: Ticket
    contact: Contact | None
    conversation: Conversation | None
    steps: Sequence[TicketStep]
    people: Mapping[UUID, Agent]
    stages: Sequence[Stage]
    forms: Sequence[Form]
    said: Sequence[Said] = field(default=())
    threads: Sequence[Conversation] = field(default=())
    """Where the case is spoken about: its own conversation, and what went on beside it."""

    @property
    def known(self) -> dict[str, str]:
        """What the forms of the next steps begin with; reasons and messages are written anew."""
        ticket = self.ticket
        columns = {
            "category": ticket.category,
            "severity": ticket.severity,
            "department": ticket.department,
        }
        said = {name: text for name, text in ticket.fields.items() if name not in ANEW}
        return {**{name: text for name, text in columns.items() if text}, **said}


def list_rows(session: Session, wanted: Filter) -> list[Row]:
    """Return the tickets of a list with whom they are about."""
    found = tickets.list_tickets(
        session,
        kind=wanted.kind,
        state=wanted.state,
        view=wanted.view,
        query=wanted.query,
        before=wanted.before,
        limit=PAGE,
    )
    return rows_of(session, found)


def rows_of(session: Session, found: Sequence[Ticket]) -> list[Row]:
    """Return tickets with whom they are about."""
    people = contacts.get_many(session, {ticket.contact_id for ticket in found})
    places = conversations.get_many(session, {ticket.conversation_id for ticket in found})
    return [
        Row(
            ticket,
            people.get(ticket.contact_id),
            places[ticket.conversation_id].inbox if ticket.conversation_id in places else "",
        )
        for ticket in found
    ]


def to_approve(session: Session, agent: Agent) -> tuple[list[Row], list[Row]]:
    """Return the tickets that wait for this person's approval, and those that wait for another."""
    mine: list[Row] = []
    others: list[Row] = []
    for row in list_rows(session, Filter(view="pending", state="proposed")):
        options = cases.options_for(session, row.ticket.number, agent)
        allowed = any(o.step.action == "approve" and o.allowed for o in options)
        (mine if allowed else others).append(row)
    return mine, others


def read_case(session: Session, number: str, agent: Agent) -> Case:
    """Return one ticket as this person sees it.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = tickets.get(session, number)
    if ticket is None:
        raise NotFound
    steps = tickets.steps(session, ticket.id)
    people = listings.agents_of(session, {s.actor_id for s in steps if s.actor_id is not None})
    place = conversations.get(session, ticket.conversation_id)
    return Case(
        ticket,
        contacts.get(session, ticket.contact_id),
        place,
        steps,
        people,
        stages_of(ticket, steps, people),
        [form_of(option) for option in cases.options_for(session, number, agent)],
        said_by_customer(session, ticket.conversation_id),
        (place, *kindred.beside(session, place)) if place else (),
    )


def said_by_customer(session: Session, conversation_id: UUID) -> list[Said]:
    """Return the customer's last words in a conversation."""
    said = [
        Said(text, message.at)
        for message in conversations.history(session, conversation_id, limit=100)
        if message.author is Author.CONTACT and (text := text_of(message.parts))
    ]
    return said[-WORDS:]


def stages_of(
    ticket: Ticket, steps: Sequence[TicketStep], people: Mapping[UUID, Agent]
) -> list[Stage]:
    """Return the eight steps: those done with who and when, the one to do, the rest."""
    path = WORKFLOWS[ticket.kind].path
    reached = _reached(ticket, steps, path)
    last = {step.target: step for step in steps if step.action not in {ADD, *BACKWARDS}}
    stages = []
    to_do = ticket.closed_at is None
    for state, label in STEPS:
        step = last.get(state)
        if step is not None and path.index(state) <= reached:
            stages.append(Stage(label, "done", _name(step, people), step.at))
        elif to_do:
            stages.append(Stage(label, "now"))
            to_do = False
        else:
            stages.append(Stage(label, "next"))
    return stages


def form_of(option: Option) -> Form:
    """Return the form of one step."""
    step = option.step
    return Form(
        option,
        tuple(FIELDS[name] for name in step.needs),
        tuple(FIELDS[name] for name in step.offers),
        step.action in BACKWARDS,
    )


def _reached(ticket: Ticket, steps: Sequence[TicketStep], path: tuple[str, ...]) -> int:
    if ticket.state in path:
        return path.index(ticket.state)
    # An end off the path is judged by where the case stood before.
    before = next((s.source for s in reversed(steps) if s.source in path), path[0])
    return path.index(before)


def _name(step: TicketStep, people: Mapping[UUID, Agent]) -> str:
    agent = people.get(step.actor_id) if step.actor_id else None
    return (agent.display_name or agent.name) if agent else ""
