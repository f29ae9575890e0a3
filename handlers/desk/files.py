"""Files that an agent attaches: who may, and what they become when they are sent."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from channels.files import OURS
from channels.message import Media
from handlers.desk.errors import FileGone
from storage import media
from storage.models.people import Agent

MOST = 10
"""How many files one message carries."""


def parts_of(
    session: Session, conversation_id: UUID, agent: Agent, ids: Sequence[str]
) -> tuple[Media, ...]:
    """Return the parts of files that the agent attached in this conversation.

    Raises:
        FileGone: one of them is not there, was sent already, or is somebody else's; or they are
            too many.
    """
    if not ids:
        return ()
    found = media.attached(session, ids, conversation_id, agent.id)
    if len(found) != len(ids) or len(ids) > MOST:
        raise FileGone
    return tuple(
        Media.model_validate(
            {"kind": file.kind, "ref": OURS + file.id, "name": file.name, "size": file.size}
        )
        for file in found
    )
