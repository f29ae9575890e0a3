"""The knowledge base: entries and drafts, publishing and taking back, trying a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import answer_files
from console import knowledge_views as pages
from console.auth import Found, Login, require
from console.entry_paths import entry_path
from console.i18n import mark
from console.knowledge_diff import ANSWERS, KINDS, MODES, RISKS
from console.knowledge_forms import RELATED, form_of, read_content
from console.knowledge_views import BANDS, PARTS, Overtaken
from console.services import Services
from console.views import is_partial, render
from console.words import CHANNELS
from storage import knowledge, plans
from storage.knowledge import Content, UnknownArticle
from storage.rules import Attachment, Rules

router = APIRouter()
EditorLogin = Annotated[Login, Depends(require("knowledge.write"))]
"""Somebody who writes entries."""
NEIGHBOURS = 300
"""How many questions are offered to be named as related; any other can be typed."""
RULE_FIELDS = frozenset({"mode", "valid_from", "valid_to", "level", *RELATED})
"""The fields that are folded in unless they say something."""
TOLD: Mapping[str, str] = {
    "saved": mark("The draft is saved; customers see it once it is published."),
    "similar": mark("Added to the draft as a similar question."),
    "known": mark("The entry has this question already."),
    "discarded": mark("The draft is thrown away."),
    "removed": mark("The entry leaves the knowledge base with the next release."),
    "nothing": mark("There is nothing to publish."),
    "restored": mark("The draft has the words of that revision; look at them, then publish."),
    "moved": mark("Moved: the drafts go live with the next release."),
    "nowhere": mark("A category cannot be moved into itself."),
}


@router.get("/kb/new")
async def ask_new(
    request: Request, login: EditorLogin, found: Found, question: str = ""
) -> Response:
    """Show an empty entry."""
    given = {"question": question[: pages.QUESTION_LIMIT]}
    return show_page(request, login, found, "entry.html", _blank(given, {}))


@router.post("/kb/new")
async def create(request: Request, login: EditorLogin, found: Found) -> Response:
    """Write a new entry's draft."""
    given, lost = await answer_files.read_form(request, login, found)
    content, wrong, files = await found.db.read(_read, given)
    if content is None or lost:
        wrong |= lost
        more = {**_blank(given, wrong), "rows": answer_files.rows_of(found, files)}
        return show_page(request, login, found, "entry.html", more, 422)
    key = await found.db.write(pages.save, None, content, login.id, found.clock(), "")
    return _go(entry_path(key, "saved"))


@router.get("/kb/{key:path}")
@router.get("/kb/entry")  # before the one above: the last decorator comes first
async def edit(
    request: Request, login: EditorLogin, found: Found, key: str, told: str = ""
) -> Response:
    """Show one entry to be edited."""
    return await _entry_page(request, login, found, key, {"told": TOLD.get(told, "")})


@router.post("/kb/{key:path}")
@router.post("/kb/entry")  # before the one above: the last decorator comes first
async def change(request: Request, login: EditorLogin, found: Found, key: str) -> Response:
    """Save an entry's draft, throw it away, take the entry out, or add a similar question."""
    given, lost = await answer_files.read_form(request, login, found)
    act = _ACTS.get(given.get("action", ""))
    try:
        if act is None:
            return await _save(request, login, found, key, (given, lost))
        told, stays = await act(found, login, key, given)
    except UnknownArticle:
        return _missing(request, login)
    if is_partial(request):
        context = {"key": key, "told": TOLD[told], "added": told == "similar"}
        return render(request, "knowledge/similar.html", context, login=login)
    return _go(entry_path(key, told) if stays else f"/kb?told={told}")


async def _discard(found: Services, _: Login, key: str, __: Mapping[str, str]) -> tuple[str, bool]:
    await found.db.write(knowledge.delete_draft, key)
    return "discarded", await found.db.read(knowledge.get_article, key) is not None


async def _remove(
    found: Services, login: Login, key: str, _: Mapping[str, str]
) -> tuple[str, bool]:
    removal = await found.db.write(knowledge.mark_deleted, key, login.id, found.clock())
    return "removed", removal is not None


async def _restore(
    found: Services, login: Login, key: str, given: Mapping[str, str]
) -> tuple[str, bool]:
    number = given.get("revision", "")
    restored = await found.db.write(pages.restore, key, number, login.id, found.clock())
    return "restored" if restored else "known", True


async def _similar(
    found: Services, login: Login, key: str, given: Mapping[str, str]
) -> tuple[str, bool]:
    text = given.get("sentence", "").strip()[: pages.QUESTION_LIMIT]
    added = bool(text) and await found.db.write(
        pages.add_similar, key, text, login.id, found.clock()
    )
    return "similar" if added else "known", True


_Act = Callable[[Services, Login, str, Mapping[str, str]], Awaitable[tuple[str, bool]]]
"""Returns what is told, and whether the entry is still there to be shown."""
_ACTS: Mapping[str, _Act] = {
    "discard": _discard,
    "remove": _remove,
    "restore": _restore,
    "similar": _similar,
}


async def _save(
    request: Request,
    login: Login,
    found: Services,
    key: str,
    said: tuple[Mapping[str, str], Mapping[str, str]],
) -> Response:
    given, lost = said
    content, wrong, files = await found.db.read(_read, given)
    rows = answer_files.rows_of(found, files)
    if content is None or lost:
        more: dict[str, Any] = {"given": given, "errors": {**wrong, **lost}, "rows": rows}
        return await _entry_page(request, login, found, key, more, 422)
    try:
        seen = given.get("seen", "")
        await found.db.write(pages.save, key, content, login.id, found.clock(), seen)
    except Overtaken:
        problem = mark("A colleague saved this draft meanwhile. Your text is still here below.")
        more = {"given": given, "problem": problem, "rows": rows}
        return await _entry_page(request, login, found, key, more, 409)
    return _go(entry_path(key, "saved"))


def _read(
    session: Session, given: Mapping[str, str]
) -> tuple[Content | None, dict[str, str], list[Attachment]]:
    files = answer_files.read_files(session, given)
    content, wrong = read_content(given, pages.keys_by_question(session), files)
    return content, wrong, files


async def _entry_page(
    request: Request,
    login: Login,
    found: Services,
    key: str,
    more: Mapping[str, Any],
    status: int = 200,
) -> Response:
    read = await found.db.read(pages.read_entry, key)
    if read is None:
        return _missing(request, login)
    entry, revisions, categories = read
    questions = await found.db.read(pages.questions_of, set(entry.content.rules.related))
    awaited = await found.db.read(plans.awaited)
    context = {
        **_blank(form_of(entry, questions), {}),
        "entry": entry,
        "revisions": revisions,
        "categories": categories,
        "rows": answer_files.rows_of(found, entry.content.rules.files),
        "against": "drafts" if entry.state.draft else "live",
        "ruled": replace(entry.content.rules, files=()) != Rules(),
        "awaited": awaited.get(key) if entry.state.draft else None,
        **more,
    }
    return show_page(request, login, found, "entry.html", context, status)


def _blank(given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "entry": None,
        "revisions": [],
        "categories": [],
        "rows": [],
        "ruled": False,
        "awaited": None,
        "problem": None,
        "told": "",
    }
    return {**empty, "given": given, "errors": errors}


def show_page(
    request: Request,
    login: Login,
    found: Services,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> Response:
    """Show a page of the knowledge base with the words that all of them use."""
    words = {
        "kinds": KINDS,
        "bands": BANDS,
        "parts": PARTS,
        "sentence": "",
        "tried": None,
        "against": "live",
        "semantic": found.knowledge.semantic,
        "modes": MODES,
        "answer_words": ANSWERS,
        "ways": answer_files.WAYS,
        "largest": found.folder.largest,
        "rule_errors": sorted(context.get("errors", {}).keys() & RULE_FIELDS),
        "channel_errors": [name for name in context.get("errors", {}) if "@" in name],
        "neighbours": [entry.question for entry in found.knowledge.entries()[:NEIGHBOURS]],
        "risks": RISKS,
        "channel": "",
        "language": "zh",
        "own": "",
        "channels": pages.channels_of(found.inboxes()),
        "channel_words": CHANNELS,
        "live_count": len(found.knowledge.entries()),
        "may_publish": login.may("knowledge.publish"),
    }
    return render(
        request, f"knowledge/{template}", {**words, **context}, login=login, status=status
    )


def _missing(request: Request, login: Login) -> Response:
    context = {
        "title": mark("There is no such entry"),
        "detail": mark("It may have been removed. Look for it in the list."),
        "status": 404,
    }
    return render(request, "error.html", context, login=login, status=404)


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
