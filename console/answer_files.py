"""Files that go with answers: taken from editors, shown, and how each channel sends them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi import Path as InPath
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from channels.files import kind_for
from console.auth import Found, Login, require
from console.csrf import body_of
from console.files import CUT, PICTURES, given, name_of, taken
from console.i18n import mark, say
from console.knowledge_views import Channel, channels_of
from console.services import Services
from console.views import locale_of, render
from storage import attachments, media
from storage.folder import TooLarge
from storage.rules import Attachment

router = APIRouter()
EditorLogin = Annotated[Login, Depends(require("knowledge.write"))]
MediaId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
MOST = 10
"""How many files an entry has."""
PIECE = 256 * 1024
TOO_LARGE = mark("The file is larger than what is kept here.")
EMPTY = mark("The file is empty.")
TOO_MUCH = mark(
    "That was more than comes in at once: files that are not listed here did not arrive. "
    "Save what is here, then add the others one at a time."
)
WAYS: Mapping[str, str] = {
    "image": mark("as a picture"),
    "voice": mark("as a voice message"),
    "video": mark("as a film"),
    "file": mark("as a file"),
    "link": mark("named, with a link"),
    "": mark("only named: this channel takes no such file"),
}
"""How a file reaches a customer."""
_WORD = re.compile(r"[a-z0-9_-]{1,20}")
"""A language or a channel."""
_FIELD = re.compile(r"file_([A-Za-z0-9_-]{16,64})")


@dataclass(frozen=True, slots=True)
class Row:
    """A file as the editor's form shows it: what it is, and how each channel sends it."""

    file: Attachment
    ways: Mapping[str, str]
    """By channel."""

    @property
    def is_picture(self) -> bool:
        """Whether a browser shows it."""
        return self.file.type in PICTURES

    def by_way(self, channels: Sequence[Channel]) -> dict[str, list[str]]:
        """Return the channels' labels by how they send it, the best way first."""
        labels = {channel.name: channel.label for channel in channels}
        found = {way: [labels[n] for n, w in self.ways.items() if w == way] for way in WAYS}
        return {way: names for way, names in found.items() if names}


def row_of(file: Attachment, channels: Sequence[Channel], *, has_link: bool) -> Row:
    """Return how a file is shown."""
    named = "link" if has_link else ""
    ways = {each.name: kind_for(each.takes, file.type, file.size) or named for each in channels}
    return Row(file, ways)


def rows_of(found: Services, files: Sequence[Attachment]) -> list[Row]:
    """Return how files are shown, with the channels that there are now."""
    channels = channels_of(found.inboxes())
    return [row_of(file, channels, has_link=bool(found.files_at)) for file in files]


def form_fields(files: Sequence[Attachment]) -> dict[str, str]:
    """Return the fields of a form that name these files."""
    return {
        name: value
        for file in files
        for name, value in (
            (f"file_{file.id}", file.language),
            (f"fileon_{file.id}", file.channel),
        )
    }


def named(given: Mapping[str, str]) -> list[str]:
    """Return the ids of the files that a form names, in order."""
    return [each.group(1) for name in given if (each := _FIELD.fullmatch(name))]


def read_files(session: Session, given: Mapping[str, str]) -> list[Attachment]:
    """Return the files that a form names, as far as they are there."""
    ids = named(given)
    known = attachments.found(session, ids)
    return [
        replace(
            known[each],
            language=_word(given[f"file_{each}"]),
            channel=_word(given.get(f"fileon_{each}", "")),
        )
        for each in ids
        if each in known
    ]


async def read_form(
    request: Request, login: Login, found: Services
) -> tuple[dict[str, str], dict[str, str]]:
    """Return an editor's form, its files kept and named in it, and what is wrong with those.

    So are files added where no script runs; else each was sent by itself before.
    """
    wrong: dict[str, str] = {}
    async with request.form() as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        for name in [name for name, said in given.items() if name.startswith("drop_") and said]:
            given.pop(f"file_{name.removeprefix('drop_')}", None)
        sent = form.getlist("files")
        # What was cut off is the last one.
        for each in sent[:-1] if request.scope.get(CUT) else sent:
            if not isinstance(each, UploadFile) or not each.filename:
                continue
            try:
                file = await _kept(found, login, _pieces(each), each.filename[-400:])
            except TooLarge:
                wrong["files"] = TOO_LARGE
                continue
            if file is None:
                wrong["files"] = EMPTY
            else:
                given |= form_fields([file])
    return given, {"files": TOO_MUCH} if request.scope.get(CUT) else wrong


async def _kept(
    found: Services, login: Login, body: AsyncIterator[bytes], name: str
) -> Attachment | None:
    """Keep a file that is to go with an answer; None if nothing is in it."""
    media_id = media.new_media_id()
    kept = await taken(found.folder, media_id, body, name, found.folder.largest)
    if not kept.size:
        found.folder.remove(media_id)
        return None
    return await found.db.write(attachments.add, media_id, kept, login.id, found.clock())


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    while piece := await upload.read(PIECE):
        yield piece


def _word(said: str) -> str:
    return said if _WORD.fullmatch(said) else ""


@router.post("/kb/files")
async def take(request: Request, login: EditorLogin, found: Found) -> Response:
    """Take a file that is to go with an answer; the body is the file itself."""
    locale = locale_of(request, login)
    try:
        file = await _kept(found, login, body_of(request), name_of(request))
    except TooLarge:
        return JSONResponse({"problem": say(locale, TOO_LARGE)}, 413)
    if file is None:
        return JSONResponse({"problem": say(locale, EMPTY)}, 415)
    channels = channels_of(found.inboxes())
    context = {"row": row_of(file, channels, has_link=bool(found.files_at)), "channels": channels}
    return render(request, "knowledge/file.html", {**context, "ways": WAYS}, login=login)


@router.get("/kb/files/{media_id}", dependencies=[Depends(require("knowledge.write"))])
async def give(request: Request, found: Found, media_id: MediaId) -> Response:
    """Give a file of an answer to its editors."""
    file = await found.db.read(attachments.get, media_id)
    if file is None:
        raise HTTPException(404)
    return given(request, found.folder, file)
