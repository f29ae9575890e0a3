"""The desk's files: given to those who may see the conversation, taken from who answers in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException
from fastapi import Path as InPath
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from channels.files import Kind, Takes, kind_for
from console.actions import explain
from console.auth import Found, InboxLogin
from console.conversations import Call, Calling, thread_page
from console.csrf import body_of
from console.files import given, name_of, taken
from console.i18n import mark, say
from console.rows import inboxes
from console.views import locale_of
from handlers.desk import conversations as desk
from handlers.desk import errors
from storage import attachments, fetching, media
from storage.folder import TooLarge
from storage.media import Upload
from storage.models import Conversation

router = APIRouter()

TOO_LARGE = mark("The file is larger than this channel takes.")
NOT_TAKEN = mark("This channel cannot send such a file.")
EMPTY = mark("The file is empty.")
Short = Annotated[str, Form(max_length=200)]
MediaId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


@router.get("/media/{media_id}")
async def give(request: Request, login: InboxLogin, found: Found, media_id: MediaId) -> Response:
    """Give a file to somebody who may see its conversation; to all others it is not there."""
    file = await found.db.read(media.get, media_id)
    if file is None or (file.message_id is None and file.agent_id != login.id):
        raise HTTPException(404)
    return given(request, found.folder, file)


@router.post("/inbox/{conversation_id}/files")
async def attach(call: Calling, conversation_id: UUID) -> Response:
    """Take a file that is to be sent with the next reply; the body is the file itself."""
    talk = await _open_talk(call, conversation_id)
    return await _take(call, talk) if isinstance(talk, Conversation) else talk


@router.post("/inbox/{conversation_id}/files/of-answer")
async def lend(
    call: Calling, conversation_id: UUID, entry: Short, file: Annotated[str, Form(max_length=64)]
) -> Response:
    """Let a file of a live answer go along with the next reply."""
    talk = await _open_talk(call, conversation_id)
    if not isinstance(talk, Conversation):
        return talk
    known, locale = call.found.knowledge.entry(entry), locale_of(call.request, call.login)
    named = next((each for each in known.rules.files if each.id == file), None) if known else None
    if named is None:
        raise HTTPException(404)
    kind = kind_for(_takes(call, talk), named.type, named.size)
    if kind is None:
        return _no(415, say(locale, NOT_TAKEN))
    upload = Upload(
        media.new_media_id(), talk.inbox, talk.thread, kind, talk.id, call.login.id, shared=file
    )
    made = await call.found.db.write(attachments.lend, upload, call.found.clock())
    if made is None:
        raise HTTPException(404)
    return _ready(made.id, kind, named.name, named.size)


async def _open_talk(call: Call, conversation_id: UUID) -> Conversation | Response:
    """Return the conversation if this agent may answer in it now, else why not."""
    try:
        return await call.found.db.read(desk.may_reply, conversation_id, call.login.agent)
    except errors.NotFound:
        raise HTTPException(404) from None
    except errors.DeskError as problem:
        return _no(409, explain(locale_of(call.request, call.login), problem))


def _takes(call: Call, talk: Conversation) -> Mapping[Kind, Takes]:
    state = inboxes(call.found).get(talk.inbox)
    return state.takes if state is not None else {}


async def _take(call: Call, talk: Conversation) -> Response:
    found, locale = call.found, locale_of(call.request, call.login)
    takes = _takes(call, talk)
    largest = max((each.largest for each in takes.values()), default=0)
    if not largest:
        return _no(415, say(locale, NOT_TAKEN))
    media_id = media.new_media_id()
    try:
        kept = await taken(
            found.folder, media_id, body_of(call.request), name_of(call.request), largest
        )
    except TooLarge:
        return _no(413, say(locale, TOO_LARGE))
    kind = kind_for(takes, kept.type, kept.size)
    if kind is None or not kept.size:
        found.folder.remove(media_id)
        return _no(415, say(locale, NOT_TAKEN if kept.size else EMPTY))
    upload = Upload(media_id, talk.inbox, talk.thread, kind, talk.id, call.login.id)
    await found.db.write(media.attach, upload, kept, found.clock())
    return _ready(media_id, kind, kept.name, kept.size)


@router.post("/inbox/{conversation_id}/files/{media_id}/again")
async def try_again(call: Calling, conversation_id: UUID, media_id: MediaId) -> Response:
    """Let a customer's file be fetched once more."""
    db, now = call.found.db, call.found.clock()
    if not await db.write(fetching.try_again, conversation_id, media_id, now):
        raise HTTPException(404)
    return await thread_page(call, conversation_id)


def _ready(media_id: str, kind: Kind, name: str | None, size: int | None) -> Response:
    return JSONResponse({"id": media_id, "kind": kind, "name": name, "size": size})


def _no(status: int, words: str) -> Response:
    return JSONResponse({"problem": words}, status)
