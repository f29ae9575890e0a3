"""The editor's tools: trying a sentence, tests that are kept, near duplicates, categories."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel, Field
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import knowledge_views as pages
from console.auth import Found, Login, require
from console.i18n import mark
from console.knowledge_forms import category_of
from console.knowledge_views import BANDS, PARTS
from console.services import Services
from console.views import is_partial, render
from console.words import CHANNELS
from faq.matcher import Decision, Entry
from faq.modes import admitted
from faq.near import near_duplicates
from faq.stored import entry_of
from storage import kept_tests, knowledge, overview
from storage.knowledge import LiveEntry
from storage.models import ArticleVersion
from storage.rules import Rules

router = APIRouter()
EditorLogin = Annotated[Login, Depends(require("knowledge.write"))]
"""Somebody who writes entries."""
SENTENCE = 500
"""How long a tried sentence may be."""
MOST_COMPARED = 2000
"""With how many drafts, the newest, what one writes is compared."""
MOST_TRIED = 200
"""With how many drafts a sentence is tried at once; *Publish* tries any number."""
LANGUAGES = ("zh", "en")
TOLD: Mapping[str, str] = {
    "kept": mark("Kept: every release is tried for this sentence from now on."),
    "dropped": mark("No longer kept."),
}
Text = Annotated[str, Form(max_length=SENTENCE)]
Short = Annotated[str, Form(max_length=200)]


class Trial(BaseModel):
    """A sentence that somebody tries; `entry` is the one whose page it is tried on."""

    sentence: str = Field(default="", max_length=SENTENCE)
    channel: str = Field(default="", max_length=200)
    language: str = Field(default="zh", max_length=200)
    entry: str = Field(default="", max_length=200)
    against: str = Field(default="", max_length=200)

    @property
    def with_drafts(self) -> bool:
        """Whether the drafts are tried beside what is live."""
        return self.against == "drafts"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a sentence comes to: live, and where it was tried, with so many drafts."""

    live: Decision | None = None
    drafted: Decision | None = None
    drafts: int = 0
    of_some: bool = False
    """Whether it was asked as by the customers that the page's entry is for, not by everybody."""

    @property
    def too_many(self) -> bool:
        """Whether there are more drafts than are tried at once here."""
        return self.drafted is None and self.drafts > 0


@router.post("/kb/try")
async def try_sentence(
    request: Request, login: EditorLogin, found: Found, given: Annotated[Trial, Form()]
) -> Response:
    """Show what the live knowledge base makes of a sentence, and what the drafts would."""
    text = given.sentence.strip()
    tried = await _tried(found, text, given) if text else Tried()
    template = "trial.html" if is_partial(request) else "try.html"
    context = {
        "bands": BANDS,
        "parts": PARTS,
        "sentence": text,
        "tried": tried,
        "semantic": found.knowledge.semantic,
        "channel": given.channel if given.channel in CHANNELS else "",
        "language": given.language if given.language in LANGUAGES else "zh",
        "own": given.entry,
        "against": "drafts" if given.with_drafts else "live",
        "channels": pages.channels_of(found.inboxes()),
    }
    return render(request, f"knowledge/{template}", context, login=login)


async def _tried(found: Services, text: str, given: Trial) -> Tried:
    """Ask as a customer whom the page's entry is for; where there is none, as anybody."""
    changes: tuple[dict[str, Entry], list[str]] = ({}, [])
    if given.with_drafts:
        changes = await found.db.read(_changes, given.entry)
    changed, gone = changes
    own = changed.get(given.entry) or found.knowledge.entry(given.entry)
    who = Rules() if own is None else own.rules

    def got(decision: Decision) -> Decision:
        return admitted(decision, who.tags, who.level, found.clock())

    some = not who.is_for_everybody
    live = got(await found.knowledge.decide(text))
    if not given.with_drafts:
        return Tried(live, of_some=some)
    if len(changed) > MOST_TRIED:
        return Tried(live, drafts=len(changed), of_some=some)
    decided = await found.knowledge.tried(text, changed.values(), {*changed, *gone})
    return Tried(live, got(decided), len(changed) + len(gone), some)


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
    drafted = await found.db.read(_drafted)
    doubles = await asyncio.to_thread(
        near_duplicates,
        questions[: pages.SIMILAR_LIMIT + 1],
        found.knowledge.matcher,
        drafted,
        str(form.get("key", "")),
    )

    def known(key: str) -> Entry | None:
        return drafted.get(key) or found.knowledge.entry(key)

    context: dict[str, Any] = {"doubles": doubles, "entry_of": known}
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
    newest = overview.newest_drafts(session, MOST_COMPARED)
    return {key: _entry(key, draft) for key, draft in newest.items()}


def _entry(key: str, draft: ArticleVersion) -> Entry:
    return entry_of(LiveEntry(key, draft.id, knowledge.content_of(draft)))


def _changes(session: Session, own: str) -> tuple[dict[str, Entry], list[str]]:
    """Return the entries as drafts change them, and those that they take out; or one entry's."""
    drafts = knowledge.drafts(session, [own] if own else None)
    changed = {key: _entry(key, draft) for key, draft in drafts.items() if not draft.deleted}
    return changed, [key for key in drafts if key not in changed]


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
