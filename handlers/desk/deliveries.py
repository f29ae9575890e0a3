"""What an agent does about a message that did not arrive: say that it did, or send it again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from handlers.desk.errors import AlreadyChanged, NotFound, NotPermitted
from handlers.desk.roles import may
from storage import doubts
from storage.models.people import Agent


def confirm(
    session: Session, conversation_id: UUID, delivery_id: UUID, agent: Agent, now: datetime
) -> None:
    """Say that a message in doubt has arrived.

    Raises:
        AlreadyChanged: it is not in doubt, or somebody has decided.
        NotFound, NotPermitted: as they say.
    """
    _known(session, conversation_id, delivery_id, agent)
    if not doubts.arrived(session, delivery_id, agent.id, now):
        raise AlreadyChanged


def resend(
    session: Session, conversation_id: UUID, delivery_id: UUID, agent: Agent, now: datetime
) -> None:
    """Send a message again that failed, or of which nobody knows.

    Raises:
        AlreadyChanged: it is on its way, or somebody has decided.
        NotFound, NotPermitted: as they say.
    """
    _known(session, conversation_id, delivery_id, agent)
    if doubts.again(session, delivery_id, agent.id, now) is None:
        raise AlreadyChanged


def _known(session: Session, conversation_id: UUID, delivery_id: UUID, agent: Agent) -> None:
    if not may(agent.role, "inbox"):
        raise NotPermitted
    if doubts.of(session, conversation_id, delivery_id) is None:
        raise NotFound
