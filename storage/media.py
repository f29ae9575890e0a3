"""Files of messages: noted in the transaction of the message, attached before it is sent, read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, literal, select, update
from sqlmodel import Session, col
from sqlmodel import select as records

from channels.files import OURS, Kind
from channels.message import Media, Part
from storage.folder import Kept
from storage.models import Conversation, KnowledgeFile, MediaFile, MediaState, Message
from storage.rows import add_all
from storage.upsert import table_of

_media = table_of(MediaFile)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody attached and has not sent: an agent in a conversation, or a visitor."""

    id: str
    inbox: str
    thread: str
    kind: Kind = "file"
    conversation_id: UUID | None = None
    agent_id: UUID | None = None
    shared: str | None = None
    """The file of the knowledge base that it is, whose bytes lie there."""


def new_media_id() -> str:
    """Return an id that nobody can guess."""
    return token_urlsafe(24)


def has_media(parts: tuple[Part, ...]) -> bool:
    """Say whether there is a file in a message."""
    return any(type(part) is Media for part in parts)


def rows_of(
    conversation: Conversation, message_id: UUID, parts: tuple[Part, ...], now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield what is to be stored of a message's files, for `add`."""
    for number, part in enumerate(parts):
        if type(part) is Media:
            yield {
                "id": new_media_id(),
                "inbox": conversation.inbox,
                "thread": conversation.thread,
                "conversation_id": conversation.id,
                "message_id": message_id,
                "part": number,
                "kind": part.kind,
                "ref": part.ref,
                "name": part.name,
                "size": part.size,
                "next_at": now,
                "created_at": now,
            }


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the files of messages that are stored already: what lies with us is only tied to them.

    A file is tied once, and only to a message of the thread for which it was attached. One of the
    knowledge base is shown by as many messages as carry it.
    """
    add_all(connection, MediaFile, [row for row in rows if not row["ref"].startswith(OURS)])
    for row in rows:
        if row["ref"].startswith(OURS):
            given = {f"b_{name}": row[name] for name in _TIED}
            given["b_id"] = row["ref"].removeprefix(OURS)
            if not connection.execute(_TIE, given).rowcount:
                new = {f"b_{name}": row[name] for name in ("kind", "created_at")}
                connection.execute(_SHARE, {**given, **new, "b_new": row["id"]})


def attach(session: Session, upload: Upload, kept: Kept, now: datetime) -> MediaFile:
    """Store a file that was written to the folder, until it is sent."""
    made = MediaFile(**asdict(upload), **asdict(kept), state=MediaState.STORED, created_at=now)
    session.add(made)
    session.flush()
    return made


def attached(
    session: Session, ids: Collection[str], conversation_id: UUID, agent_id: UUID
) -> list[MediaFile]:
    """Return those of the files that this agent attached here and has not sent, in this order."""
    query = records(MediaFile).where(
        col(MediaFile.id).in_(ids),
        MediaFile.conversation_id == conversation_id,
        MediaFile.agent_id == agent_id,
        MediaFile.state == MediaState.STORED,
        col(MediaFile.message_id).is_(None),
    )
    found = {one.id: one for one in session.exec(query)}
    return [found[number] for number in ids if number in found]


def get(session: Session, media_id: str) -> MediaFile | None:
    """Return a file that was not forgotten."""
    found = session.get(MediaFile, media_id)
    return None if found is None or found.state is MediaState.DOOMED else found


def of_messages(
    session: Session, message_ids: Collection[UUID]
) -> dict[tuple[UUID, int], MediaFile]:
    """Return the files of some messages, by message and part."""
    query = records(MediaFile).where(
        col(MediaFile.message_id).in_(message_ids), MediaFile.state != MediaState.DOOMED
    )
    found = session.exec(query) if message_ids else ()
    return {(one.message_id, one.part): one for one in found if one.message_id is not None}


def loose(session: Session, inbox: str, thread: str) -> int:
    """Return how many files a visitor attached and did not send."""
    query = records(func.count()).where(
        MediaFile.inbox == inbox,
        MediaFile.thread == thread,
        col(MediaFile.message_id).is_(None),
        col(MediaFile.agent_id).is_(None),
    )
    return session.exec(query).one()


def of_visitor(session: Session, media_id: str, inbox: str, thread: str) -> MediaFile | None:
    """Return a stored file of a thread that its customer may see: their own, or said to them."""
    found = get(session, media_id)
    if found is None or (found.inbox, found.thread) != (inbox, thread):
        return None
    if found.message_id is None:
        return found if found.agent_id is None else None
    message = session.get(Message, found.message_id)
    return found if message is not None and not message.private else None


# Built once: building costs more than running.
_TIED = ("inbox", "thread", "conversation_id", "message_id", "part")
_TIE = (
    update(_media)
    .where(
        _media.c.id == bindparam("b_id"),
        _media.c.message_id.is_(None),
        _media.c.inbox == bindparam("b_inbox"),
        _media.c.thread == bindparam("b_thread"),
    )
    .values(
        conversation_id=bindparam("b_conversation_id", type_=_media.c.conversation_id.type),
        message_id=bindparam("b_message_id", type_=_media.c.message_id.type),
        part=bindparam("b_part"),
    )
)
_file = table_of(KnowledgeFile)
_SAID = ("inbox", "thread", "conversation_id", "message_id", "part", "kind", "created_at")
_SEEN = ("name", "type", "size", "width", "height", "sha256")
_SHARE = insert(_media).from_select(
    ["id", "shared", "state", "attempts", *_SAID, *_SEEN],
    select(
        bindparam("b_new", type_=_media.c.id.type),
        _file.c.id,
        literal(MediaState.STORED, _media.c.state.type),
        literal(0, _media.c.attempts.type),
        *(bindparam(f"b_{name}", type_=_media.c[name].type) for name in _SAID),
        *(_file.c[name] for name in _SEEN),
    ).where(_file.c.id == bindparam("b_id")),
)
