"""Questions without a good answer: seen, tried against a replay, added, drafted or ignored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi import Path as InPath
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import knowledge_views, looks, missed_views
from console.auth import Found, Login
from console.entry_paths import entry_path
from console.i18n import mark
from console.knowledge import NEIGHBOURS, EditorLogin
from console.missed_views import ENDS, NEW, STATES, GapView, picked, with_questions
from console.rows import inboxes
from console.services import Services
from console.views import render
from faq.matcher import Entry
from faq.replay import Asked
from faq.stored import content_of, entry_of
from handlers.desk import gaps as looking
from handlers.personal import HIDDEN, masked
from storage import gaps, knowledge, rehearsals
from storage.articles import LiveEntry
from storage.models import GapState, Rehearsal

router = APIRouter()
GapId = Annotated[str, InPath(pattern=r"^[0-9a-f]{16}$")]
REPLAYED = 300
"""On how many different questions an entry is tried."""
READ = 3000
"""In how many of the newest facts these are looked for."""
PATIENCE = timedelta(minutes=2)
"""How long a page waits for a look to come to its end."""
TOLD: Mapping[str, str] = {
    "looked": mark("Looked through just now."),
    "looking": mark("Looking again; what is found stands here in a moment."),
    "attached": mark("Added to the entry's draft. Customers get it once it is published."),
    "ignored": mark("Ignored: it is not shown among the open ones any more."),
    "blocked": mark("Never shown again, nor are variations that mean the same."),
    "reopened": mark("Open again."),
    "gone": mark("This question is not in the list any more; the last look found it otherwise."),
    "known": mark("The entry has these questions already."),
}
NOT_TRIED = mark("Nothing can be tried out here just now.")


@dataclass(frozen=True, slots=True)
class Trial:
    """A change that is tried, and what came of it so far."""

    entry: Entry
    questions: Sequence[str]
    run: Rehearsal
    is_alive: bool

    @property
    def is_new(self) -> bool:
        """Whether the entry is a new one."""
        return self.entry.id == NEW


@router.get("/kb/gaps")
async def list_all(
    request: Request,
    login: EditorLogin,
    found: Found,
    state: GapState = GapState.OPEN,
    page: int = 1,
    told: str = "",
    asked: int = 0,
) -> Response:
    """Show the gaps, the dearest first; while they are looked for, ask again."""
    page = max(1, min(page, 1000))
    listed = await found.db.read(missed_views.read_list, state, page)
    waits = told == "looking" and looks.stamp(found.clock() - PATIENCE) < asked
    if waits and listed.looked_at is not None and looks.stamp(listed.looked_at) >= asked:
        told, waits = "looked", False
    context = {
        **_words(login, found),
        "listed": listed,
        "state": state,
        "page": page,
        "told": TOLD.get(told, ""),
        "looks": f"/kb/gaps?told=looking&asked={asked}" if waits else "",
    }
    return render(request, "knowledge/gaps.html", context, login=login)


@router.post("/kb/gaps")
async def look_again(_login: EditorLogin, found: Found) -> Response:
    """Look for gaps now, beside everything else."""
    return _go(f"/kb/gaps?told=looking&asked={looks.stamp(await looks.ask(found))}")


@router.get("/kb/gaps/{gap_id}")
async def show(
    request: Request, login: EditorLogin, found: Found, gap_id: GapId, told: str = ""
) -> Response:
    """Show one gap."""
    view = await found.db.read(missed_views.read_one, gap_id)
    if view is None:
        return _go("/kb/gaps?told=gone")
    return _page(request, login, found, view, {"told": TOLD.get(told, "")})


@router.post("/kb/gaps/{gap_id}")
async def decide(request: Request, login: EditorLogin, found: Found, gap_id: GapId) -> Response:
    """Try what an entry would do with these questions, add them, or decide otherwise."""
    form = await request.form()
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    view = await found.db.read(missed_views.read_one, gap_id)
    if view is None:
        return _go("/kb/gaps?told=gone")
    match given.get("action"):
        case "ignore":
            await _decide(found, login, gap_id, GapState.IGNORED)
            return _go("/kb/gaps?told=ignored")
        case "block":
            await _decide(found, login, gap_id, GapState.BLOCKED)
            return _go("/kb/gaps?told=blocked")
        case "reopen":
            await _decide(found, login, gap_id, GapState.OPEN)
            return _go(f"/kb/gaps/{gap_id}?told=reopened")
        case _:
            return await _answer(request, login, found, view, given)


@router.get("/kb/gaps/{gap_id}/trials/{run_id}")
async def follow(
    request: Request, login: EditorLogin, found: Found, gap_id: GapId, run_id: UUID
) -> Response:
    """Show how far a trial is, or what came of it, as a part of the gap's page."""
    run = await found.db.read(rehearsals.get, run_id)
    if run is None:
        return _go(f"/kb/gaps/{gap_id}")
    is_alive = rehearsals.is_alive(run, found.clock())
    context = {**_words(login, found), "gap_id": gap_id, "run": run, "is_alive": is_alive}
    return render(request, "knowledge/gap_trial.html", context, login=login)


async def _answer(
    request: Request, login: Login, found: Services, view: GapView, given: Mapping[str, str]
) -> Response:
    form = await request.form()
    questions = picked(view, [each for each in form.getlist("pick") if isinstance(each, str)])
    entry = await _entry(found, given, questions)
    if entry is None or not questions:
        wrong = mark("Choose an entry and at least one question.")
        return _page(request, login, found, view, {"problem": wrong, "given": given}, 422)
    if given.get("action") == "keep":
        return await _keep(found, login, view, entry, questions)
    run = await _try(found, login, entry)
    if run is None:
        return _page(request, login, found, view, {"problem": NOT_TRIED, "given": given}, 503)
    trial = Trial(entry, questions, run, rehearsals.is_alive(run, found.clock()))
    return _page(request, login, found, view, {"trial": trial, "given": given})


async def _entry(
    found: Services, given: Mapping[str, str], questions: Sequence[str]
) -> Entry | None:
    """Return what the questions would become: a new entry, or one with them, its draft first."""
    if given.get("to") == "new":
        return missed_views.new_entry(given.get("answer", ""), questions)
    return await _known_entry(found, given, questions)


async def _known_entry(
    found: Services, given: Mapping[str, str], questions: Sequence[str]
) -> Entry | None:
    said = given.get("key", "").strip()
    keys = await found.db.read(knowledge_views.keys_by_question) if said else {}
    key = keys.get(knowledge_views.folded(said), said) or given.get("entry", "").strip()
    state = await found.db.read(knowledge.get_article, key)
    version = None if state is None else state.draft or state.live
    if version is None:
        return None
    entry = entry_of(LiveEntry(key, version.id, knowledge.content_of(version)))
    return with_questions(entry, questions)


async def _try(found: Services, login: Login, entry: Entry) -> Rehearsal | None:
    """Begin to try an entry beside everything else; return where that can be followed."""
    if found.rehearsals is None:
        return None
    run = await found.rehearsals.start_one(entry, lambda: _asked(found), login.id)
    return await found.db.read(rehearsals.get, run)


async def _asked(found: Services) -> list[Asked]:
    """Return the different questions of late, with how often each was asked and what was right."""
    seen: dict[str, tuple[int, str | None]] = {}
    for one in await looking.recent(found.db, found.clock(), READ):
        times, right = seen.get(one.text, (0, None))
        seen[one.text] = times + 1, right or one.right
    return [Asked(text, *seen[text]) for text in list(seen)[:REPLAYED]]


async def _keep(
    found: Services, login: Login, view: GapView, entry: Entry, questions: Sequence[str]
) -> Response:
    """Save the entry's draft, and remember that these questions are being answered."""
    now, is_new = found.clock(), entry.id == NEW
    state = GapState.DRAFTED if is_new else GapState.ATTACHED

    def keep(session: Session) -> str | None:
        gap = gaps.get(session, view.gap.id)
        key = entry.id
        if is_new:
            key = knowledge_views.save(session, None, content_of(entry), login.id, now, "")
        else:
            added = [
                knowledge_views.add_similar(session, key, question, login.id, now)
                for question in questions
            ]
            if not any(added):
                return None
        if gap is not None:
            gaps.decide(session, gap, state, key, login.id, now)
        return key

    key = await found.db.write(keep)
    if key is None:
        return _go(f"/kb/gaps/{view.gap.id}?told=known")
    return _go(entry_path(key, "saved") if is_new else "/kb/gaps?told=attached")


async def _decide(found: Services, login: Login, gap_id: str, state: GapState) -> None:
    def change(session: Session) -> None:
        gap = gaps.get(session, gap_id)
        if gap is not None:
            gaps.decide(session, gap, state, None, login.id, found.clock())

    await found.db.write(change)


def _page(
    request: Request,
    login: Login,
    found: Services,
    view: GapView,
    more: Mapping[str, Any],
    status: int = 200,
) -> Response:
    shown: dict[str, Any] = {"trial": None, "problem": "", "given": {}, "told": ""}
    context = {**_words(login, found), **shown, "view": view, **more}
    return render(request, "knowledge/gap.html", context, login=login, status=status)


def _words(login: Login, found: Services) -> dict[str, Any]:
    """Return what every page here needs to say."""
    return {
        "ends": ENDS,
        "states": STATES,
        "channels": inboxes(found),
        "entry_of": found.knowledge.entry,
        "may_inbox": login.may("inbox"),
        "neighbours": [each.question for each in found.knowledge.entries()[:NEIGHBOURS]],
        "hide": lambda text: masked(text) or HIDDEN,
    }


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
