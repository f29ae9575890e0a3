"""The import wizard and exports: upload, columns, a dry run, into the drafts all or nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from fastapi import Path as InPath
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import import_work
from console.auth import Found, Login
from console.i18n import mark
from console.knowledge import EditorLogin
from console.services import Services
from console.views import is_partial, render
from faq import columns, exporter, imports
from faq.columns import BadColumns
from faq.matcher import Entry
from faq.rows import FORMATS, BadFile
from faq.trouble import Trouble
from storage import imports as table
from storage.folder import TooLarge
from storage.models import FileImport, ImportState

router = APIRouter()
ImportId = Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
CHUNK = 1024 * 1024
Shape = Literal["csv", "xlsx", "yaml", "jsonl"]
TYPES: Mapping[Shape, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "yaml": "application/yaml; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}
FIELDS: Mapping[str, str] = {
    "": mark("leave it out"),
    "id": mark("Key"),
    "question": mark("Standard question"),
    "similar_questions": mark("Similar questions"),
    "answer": mark("Answer"),
    "answers.zh": mark("Answer in Chinese"),
    "answers.en": mark("Answer in English"),
    "kind": mark("Kind of question"),
    "category": mark("Category"),
    "mode": mark("Found"),
    "risk": mark("Risk"),
    "valid_from": mark("Valid from (Beijing time)"),
    "valid_to": mark("Valid until (Beijing time)"),
    "audience_tags": mark("Only for customers with the tag"),
    "audience_level": mark("Only from level"),
    "related": mark("Related questions, offered after the answer"),
    "must_match": mark("Must match, one a line"),
    "must_not_match": mark("Must not match, one a line"),
    "files": mark("Files"),
}
"""What a column can be called, in the order of the form."""
EXAMPLE = Entry(
    "refund-time",
    "退款多久到账？",
    ("钱什么时候退回来", "How long does a refund take?"),
    {"zh": "审核通过后 1–3 个工作日原路退回。", "en": "1–3 working days after the approval."},
    "service",
    "退款",
)


@router.get("/kb/import")
async def ask(request: Request, login: EditorLogin, found: Found) -> Response:
    """Show where a file is brought, and what was brought before."""
    return await _door(request, login, found)


@router.post("/kb/import")
async def upload(request: Request, login: EditorLogin, found: Found) -> Response:
    """Keep a file, and guess what its columns mean."""
    async with request.form() as form:
        given = form.get("file")
        if not isinstance(given, UploadFile) or not given.filename:
            return await _door(request, login, found, mark("Choose a file first."))
        return await _taken(request, login, found, given)


async def _taken(request: Request, login: Login, found: Services, given: UploadFile) -> Response:
    name, import_id = (given.filename or "")[-200:], secrets.token_urlsafe(18)
    try:
        content = await _kept(found, given, import_id)
        seen = await asyncio.to_thread(import_work.look, name, content)
    except TooLarge:
        return await _door(request, login, found, mark("The file is too large; split it."))
    except BadFile as problem:
        await asyncio.to_thread(found.folder.remove, import_id)
        return await _door(request, login, found, mark("This file cannot be read"), problem)
    await _note(found, login, import_id, name, (len(content), seen))
    if all(column["sure"] for column in seen["columns"]):
        guessed = {column["title"]: column["field"] for column in seen["columns"]}
        await _work(found, import_id, apply=False, meanings=guessed)
    return _go(f"/kb/import/{import_id}")


async def _kept(found: Services, given: UploadFile, import_id: str) -> bytes:
    writing = await asyncio.to_thread(found.folder.begin)
    whole = bytearray()
    try:
        while chunk := await given.read(CHUNK):
            writing.write(chunk)
            whole += chunk
        await asyncio.to_thread(writing.keep, import_id)
    finally:
        await asyncio.to_thread(writing.drop)
    return bytes(whole)


async def _note(
    found: Services, login: Login, import_id: str, name: str, about: tuple[int, Mapping[str, Any]]
) -> None:
    size, seen = about

    def note(session: Session) -> list[str]:
        old = table.begin(session, import_id, login.id, name, size, found.clock())
        row = table.get(session, import_id)
        if row is not None:
            row.report = dict(seen)
        return old

    for each in await found.db.write(note):
        await asyncio.to_thread(found.folder.remove, each)
        await import_work.unstage(found, each)


@router.get("/kb/import/{import_id}")
async def show(request: Request, login: EditorLogin, found: Found, import_id: ImportId) -> Response:
    """Show how far a file has come, and what is to be decided."""
    row = await _row(found, import_id)
    return _page(request, login, found, row)


@router.post("/kb/import/{import_id}")
async def go_on(
    request: Request, login: EditorLogin, found: Found, import_id: ImportId
) -> Response:
    """Look at the file with these columns, take it in, or throw it away."""
    row = await _row(found, import_id)
    form = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
    match form.get("action"):
        case "check":
            meanings = _meanings(row, form)
            try:
                columns.check(meanings)
            except BadColumns as problem:
                return _page(request, login, found, row, (meanings, problem))
            await _work(found, import_id, apply=False, meanings=meanings)
        case "apply":
            keep = form.get("drafts") != "overwrite"
            await _work(found, import_id, apply=True, keep_drafts=keep)
        case "discard":
            await found.db.write(table.discard, import_id)
            await import_work.unstage(found, import_id)
            await asyncio.to_thread(found.folder.remove, import_id)
            return _go("/kb/import")
        case _:
            raise HTTPException(422)
    return _go(f"/kb/import/{import_id}")


def _meanings(row: FileImport, form: Mapping[str, str]) -> dict[str, str]:
    told = enumerate(row.report.get("columns", ()))
    return {column["title"]: form.get(f"column-{at}", "") for at, column in told}


async def _work(
    found: Services,
    import_id: str,
    *,
    apply: bool,
    keep_drafts: bool = False,
    meanings: Mapping[str, str] | None = None,
) -> None:
    state = ImportState.APPLYING if apply else ImportState.CHECKING
    among = (ImportState.CHECKED,) if apply else import_work.READY
    claimed = await found.db.write(table.claim, import_id, state, among, meanings, found.clock())
    if claimed:
        row = await _row(found, import_id)
        import_work.begin(found, row, apply=apply, keep_drafts=keep_drafts)


async def _row(found: Services, import_id: str) -> FileImport:
    row = await found.db.read(table.get, import_id)
    if row is None:
        raise HTTPException(404)
    return row


@router.get("/kb/export")
async def export(
    _login: EditorLogin, found: Found, shape: Shape = "xlsx", of: str = "live"
) -> Response:
    """Give the entries as a file: what is live, with all drafts, or an example to fill in."""
    if of == "example":
        entries = [EXAMPLE]
    else:
        base = await found.db.read(imports.base)
        known = {entry.id: entry for entry in base.live}
        if of == "drafts":
            known |= {key: draft.entry for key, draft in base.drafts.items() if draft.entry}
            gone = {key for key, draft in base.drafts.items() if draft.entry is None}
            known = {key: entry for key, entry in known.items() if key not in gone}
        entries = sorted(known.values(), key=lambda entry: entry.id)
    return await file_of(entries, f"faq-{found.clock():%Y%m%d}", shape)


async def file_of(entries: Sequence[Entry], name: str, shape: Shape) -> Response:
    """Return entries as a file to be kept; `name` is without its ending."""
    content = await asyncio.to_thread(exporter.write, f".{shape}", entries)
    told = f'attachment; filename="{name}.{shape}"'
    headers = {"content-disposition": told, "cache-control": "no-store"}
    return Response(content, media_type=TYPES[shape], headers=headers)


async def _door(
    request: Request,
    login: Login,
    found: Services,
    problem: str = "",
    detail: Trouble | None = None,
) -> Response:
    context = {
        "recent": await found.db.read(table.recent, login.id),
        "problem": problem,
        "detail": detail,
        "accept": ",".join(FORMATS),
        "largest": found.folder.largest // (1024 * 1024),
    }
    status = 422 if problem else 200
    return render(request, "knowledge/import.html", context, login=login, status=status)


def _page(
    request: Request,
    login: Login,
    found: Services,
    row: FileImport,
    wrong: tuple[Mapping[str, str], Trouble] | None = None,
) -> Response:
    meanings, problem = wrong or ({}, None)
    guessed = {each["title"]: each["field"] for each in row.report.get("columns", ())}

    def question_of(key: str) -> str:
        entry = found.knowledge.entry(key)
        return entry.question if entry else key

    stale = row.state in table.WORKING and found.clock() - row.beat_at > table.STALE
    context = {
        "row": row,
        "report": row.report,
        "state": "stale" if stale else row.state.value,
        "meanings": {**guessed, **row.columns, **meanings},
        "fields": FIELDS,
        "question_of": question_of,
        "problem": problem,
        "may_publish": login.may("knowledge.publish"),
    }
    template = "import_state.html" if is_partial(request) else "import_file.html"
    status = 422 if problem else 200
    return render(request, f"knowledge/{template}", context, login=login, status=status)


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
