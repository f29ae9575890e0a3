"""The editor's tools: trying a sentence, tests that are kept, near duplicates, categories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import knowledge_views as pages
from console.auth import Found, Login, require
from console.i18n import mark
from console.knowledge_forms import category_of
from console.knowledge_views import BANDS, PARTS, ROUTES
from console.views import is_partial, render
from console.words import CHANNELS
from faq.matcher import Entry
from faq.modes import admitted
from faq.near import near_duplicates
from faq.stored import entry_of
from storage import kept_tests, knowledge
from storage.knowledge import LiveEntry

router = APIRouter()
EditorLogin = Annotated[Login, Depends(require("knowledge.write"))]
"""Somebody who writes entries."""
SENTENCE = 500
"""How long a tried sentence may be."""
LANGUAGES = ("zh", "en")
TOLD: Mapping[str, str] = {
    "kept": mark("Kept: every release is tried for this sentence from now on."),
    "dropped": mark("No longer kept."),
}
Text = Annotated[str, Form(max_length=SENTENCE)]
Short = Annotated[str, Form(max_length=200)]


@router.post("/kb/try")
async def try_sentence(
    request: Request,
    login: EditorLogin,
    found: Found,
    sentence: Text = "",
    channel: Short = "",
    language: Short = "zh",
    entry: Short = "",
) -> Response:
    """Show what the live knowledge base makes of a sentence."""
    text = sentence.strip()
    decision = await found.knowledge.decide(text) if text else None
    if decision is not None:
        decision = admitted(decision, (), 0, found.clock())
    template = "trial.html" if is_partial(request) else "try.html"
    context = {
        "bands": BANDS,
        "parts": PARTS,
        "routes": ROUTES,
        "sentence": text,
        "decision": decision,
        "semantic": found.knowledge.semantic,
        "channel": channel if channel in CHANNELS else "",
        "language": language if language in LANGUAGES else "zh",
        "own": entry,
        "channels": pages.channels_of(found.inboxes()),
    }
    return render(request, f"knowledge/{template}", context, login=login)


@router.get("/kb/tests")
async def show_tests(
    request: Request, login: EditorLogin, found: Found, told: str = ""
) -> Response:
    """Show the sentences that every release is tried for."""
    kept = await found.db.read(kept_tests.kept)
    questions = await found.db.read(pages.questions_of, {t.article_key for t in kept})
    context = {"kept": kept, "questions": questions, "told": TOLD.get(told, "")}
    return render(request, "knowledge/tests.html", context, login=login)


@router.post("/kb/tests")
async def keep(
    request: Request, login: EditorLogin, found: Found, sentence: Text = "", key: Short = ""
) -> Response:
    """Keep that an entry must answer a sentence; without a key, that none may."""
    text = " ".join(sentence.split())
    known = not key or await found.db.read(knowledge.get_article, key) is not None
    if not text or not known:
        return _go("/kb/tests")
    await found.db.write(kept_tests.keep, text, key or None, login.id, found.clock())
    if is_partial(request):
        return render(request, "knowledge/kept.html", {}, login=login)
    return _go("/kb/tests?told=kept")


@router.post("/kb/tests/{test_id}/drop", dependencies=[Depends(require("knowledge.write"))])
async def drop(found: Found, test_id: UUID) -> Response:
    """Keep a sentence no more."""
    await found.db.write(kept_tests.drop, test_id)
    return _go("/kb/tests?told=dropped")


@router.post("/kb/near")
async def near(request: Request, login: EditorLogin, found: Found) -> Response:
    """Show which questions of a form are said already, here or in another entry."""
    form = await request.form()
    lines = [str(form.get("question", "")), *str(form.get("similar", "")).splitlines()]
    questions = [line.strip()[: pages.QUESTION_LIMIT] for line in lines if line.strip()]
    entries = {entry.id: entry for entry in found.knowledge.entries()}
    entries |= await found.db.read(_drafted)
    own = str(form.get("key", ""))
    listed = list(entries.values())
    doubles = await asyncio.to_thread(
        near_duplicates, questions[: pages.SIMILAR_LIMIT + 1], listed, own
    )
    context: dict[str, Any] = {"doubles": doubles, "entries": entries}
    return render(request, "knowledge/near.html", context, login=login)


@router.post("/kb/categories")
async def move(login: EditorLogin, found: Found, old: Short = "", new: Short = "") -> Response:
    """Move a category with all its entries, as drafts."""
    source, target = category_of(old), category_of(new)
    if not source or source == target or target.startswith(f"{source}/"):
        return _go(f"/kb?{urlencode({'category': source, 'told': 'nowhere'})}")
    await found.db.write(knowledge.move_category, source, target, login.id, found.clock())
    return _go(f"/kb?category={quote(target)}&told=moved")


def _drafted(session: Session) -> dict[str, Entry]:
    drafts = knowledge.drafts(session, None)
    return {
        key: entry_of(LiveEntry(key, draft.id, knowledge.content_of(draft)))
        for key, draft in drafts.items()
        if not draft.deleted
    }


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
