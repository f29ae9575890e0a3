"""Cases from the desk's side: opened, taken a step further, told about to the customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlmodel import Session

from channels.message import Text, Visibility
from handlers.chat.texts import say
from handlers.desk.errors import AlreadyChanged, NotFound, NotPermitted
from handlers.desk.roles import may, workflow_roles
from handlers.desk.workflow import (
    TEXT_LIMIT,
    WORKFLOWS,
    Actor,
    Invalid,
    Option,
    Step,
    find_step,
    given,
    options,
)
from storage import activity, conversations, kindred, tickets
from storage.models.activity import Fact
from storage.models.conversation import Author, Conversation, Message
from storage.models.people import Agent
from storage.models.ticket import Ticket, TicketStep
from storage.types import new_id

FAR = timedelta(days=3650)
"""How far away no deadline is: there are years with which no zone can be reckoned."""
TOLD_AT = frozenset({"decline", "implement", "close", "withdraw"})
"""The steps of which the customer hears; the receipt is told when the ticket is opened."""


ADD, FACTS, GRAVEST = "add", "facts", "critical"
"""The step that is none of the workflow's: the customer says more; what it adds to."""


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What is known of a case when it is opened; opened again under its `id` it is the same one."""

    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    category: str | None = None
    severity: str = "normal"
    id: UUID = field(default_factory=new_id)


def open_ticket(
    session: Session,
    conversation: Conversation,
    new: NewTicket,
    now: datetime,
    *,
    agent: Agent | None = None,
) -> Ticket:
    """Open a case about a conversation and tell the log; the customer is told by the caller."""
    workflow = WORKFLOWS[new.kind]
    ticket = tickets.add(
        session,
        Ticket(
            id=new.id,
            number=tickets.next_number(session, new.kind, now),
            kind=new.kind,
            state=workflow.start,
            category=new.category,
            severity=new.severity,
            contact_id=conversation.contact_id,
            conversation_id=conversation.id,
            opened_at=now,
        ),
    )
    actor_id = agent.id if agent else None
    tickets.add_step(session, ticket, "receive", workflow.start, new.fields, actor_id, now)
    _log(session, Fact.TICKET_OPENED, ticket, actor_id, now, {"kind": new.kind})
    return ticket


def file(
    session: Session, conversation: Conversation, new: NewTicket, now: datetime
) -> tuple[Ticket, bool]:
    """Open a case that a customer filed, or add it to the open one of their public thread.

    Returns the case, and whether it was open before. What was told there stays, and stands first.
    """
    ticket = kindred.open_case(session, conversation, new.kind)
    if ticket is None:
        return open_ticket(session, conversation, new, now), False
    facts = (str(ticket.fields.get(FACTS, "")), new.fields.get(FACTS, ""))
    tickets.add_step(session, ticket, ADD, ticket.state, new.fields, None, now)
    whole = "\n".join(filter(None, facts))[:TEXT_LIMIT]
    ticket.fields = {**ticket.fields, FACTS: whole}
    if new.severity == GRAVEST:
        ticket.severity = GRAVEST
    data = {"action": ADD, "source": ticket.state, "target": ticket.state}
    _log(session, Fact.TICKET_STEP, ticket, None, now, data)
    return ticket, True


def open_from_desk(
    session: Session, conversation_id: UUID, agent: Agent, new: NewTicket, now: datetime
) -> Ticket:
    """Open a case from the desk and tell the customer its number; a second click opens no second.

    Raises:
        NotFound, NotPermitted: as they say.
    """
    _permitted(agent)
    if (opened := tickets.by_id(session, new.id)) is not None:
        if opened.conversation_id != conversation_id:
            raise NotFound
        return opened
    if (conversation := conversations.get(session, conversation_id)) is None:
        raise NotFound
    ticket = open_ticket(session, conversation, new, now, agent=agent)
    text = say("complaint_received", conversation.language, number=ticket.number)
    _tell(session, ticket, text, now)
    return ticket


def take_step(
    session: Session,
    number: str,
    action: str,
    agent: Agent,
    fields: Mapping[str, str],
    now: datetime,
    *,
    version: int | None = None,
) -> Ticket:
    """Take a case one step further; `version` is the one the agent was looking at.

    A deadline is the end of its day in the zone of `now`; a day ten years away is a slip.

    Raises:
        AlreadyChanged: somebody else took a step in the meantime.
        WorkflowError: the step is not possible, not allowed or not complete.
        NotFound, NotPermitted: as they say.
    """
    _permitted(agent)
    ticket = _find(session, number)
    if version is not None and version != ticket.version:
        raise AlreadyChanged
    workflow = WORKFLOWS[ticket.kind]
    actor = Actor(agent.id, workflow_roles(agent.role))
    authors = authors_of(tickets.steps(session, ticket.id))
    step = find_step(workflow, ticket.state, action, actor, fields=fields, authors=authors)
    values = given(step, fields)
    if "due" in values and not _is_near(date.fromisoformat(values["due"]), now.date()):
        raise Invalid("due")
    _fill_in(ticket, values, now)
    if step.target in workflow.ends:
        ticket.closed_at = now
    tickets.add_step(session, ticket, action, step.target, values, agent.id, now)
    data = {"action": action, "source": step.source, "target": step.target}
    _log(session, Fact.TICKET_STEP, ticket, agent.id, now, data)
    if action in TOLD_AT:
        _tell(session, ticket, _words(session, ticket, step, values), now)
    return ticket


def history(session: Session, number: str) -> list[TicketStep]:
    """Return what was done with a case, in order.

    Raises:
        NotFound: there is no such ticket.
    """
    return tickets.steps(session, _find(session, number).id)


def options_for(session: Session, number: str, agent: Agent) -> tuple[Option, ...]:
    """Return the next steps of a case as this agent sees them.

    Raises:
        NotFound: there is no such ticket.
    """
    ticket = _find(session, number)
    actor = Actor(agent.id, workflow_roles(agent.role))
    authors = authors_of(tickets.steps(session, ticket.id))
    return options(WORKFLOWS[ticket.kind], ticket.state, actor, authors)


def authors_of(steps: list[TicketStep]) -> dict[str, set[UUID]]:
    """Return who has ever done what with a case."""
    authors: dict[str, set[UUID]] = {}
    for step in steps:
        if step.actor_id is not None:
            authors.setdefault(step.action, set()).add(step.actor_id)
    return authors


def _find(session: Session, number: str) -> Ticket:
    if (ticket := tickets.get(session, number)) is None:
        raise NotFound
    return ticket


def _permitted(agent: Agent) -> None:
    if not agent.enabled or not may(agent.role, "tickets"):
        raise NotPermitted


def _is_near(day: date, today: date) -> bool:
    return abs(day - today) < FAR


def _fill_in(ticket: Ticket, values: Mapping[str, str], now: datetime) -> None:
    """Put what has a column of its own where lists and deadlines look for it."""
    ticket.category = values.get("category", ticket.category)
    ticket.severity = values.get("severity", ticket.severity)
    ticket.department = values.get("department", ticket.department)
    if "due" in values:
        day = date.fromisoformat(values["due"]) + timedelta(days=1)
        ticket.due_at = datetime.combine(day, time(), now.tzinfo)


def _words(session: Session, ticket: Ticket, step: Step, values: Mapping[str, str]) -> str:
    conversation = session.get_one(Conversation, ticket.conversation_id)
    told = say(f"complaint_told_{step.target}", conversation.language, number=ticket.number)
    notice = values.get("notice", "")
    return f"{told}\n{notice}" if notice else told


def _tell(session: Session, ticket: Ticket, text: str, now: datetime) -> Message:
    """Say something about a case where its customer will see it.

    The thread's newest conversation is the place: an old one is not brought back to life, and
    nobody's turn is taken. Of a public thread it is the person's private one, where that may be
    written to: what strangers can read names no details.
    """
    opened_in = session.get_one(Conversation, ticket.conversation_id)
    place = conversations.latest(session, opened_in.inbox, opened_in.thread) or opened_in
    if place.visibility is Visibility.PUBLIC:
        private = kindred.private_place(session, place, now)
        text = text if private else say("ticket_in_public", place.language)
        place = private or place
    return conversations.append(session, place, Author.SYSTEM, (Text(text=text),), now)


def _log(
    session: Session,
    fact: Fact,
    ticket: Ticket,
    actor_id: UUID | None,
    now: datetime,
    data: Mapping[str, str],
) -> None:
    activity.log(
        session,
        fact,
        now,
        agent_id=actor_id,
        contact_id=ticket.contact_id,
        conversation_id=ticket.conversation_id,
        ticket_id=ticket.id,
        data={"number": ticket.number, **data},
    )
