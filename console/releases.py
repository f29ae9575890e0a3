"""Releases of the knowledge base: drafts are chosen, tried out, published now or at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console import knowledge_views, rehearsal_views
from console.auth import Found, Login, require
from console.i18n import mark
from console.knowledge_views import BANDS
from console.rehearsal_views import EFFECTS, PLANS, Order, Tried, read_tried
from console.services import Services
from console.views import is_partial, render
from faq.matcher import Band
from storage import knowledge, overview, plans
from storage.knowledge import NothingToPublish, UnknownRelease

router = APIRouter()
WriterLogin = Annotated[Login, Depends(require("knowledge.write"))]
"""Somebody who writes entries, and may see what would come of them."""
PublisherLogin = Annotated[Login, Depends(require("knowledge.publish"))]
"""Somebody who makes them live."""
Numbered = Annotated[int, Path(ge=1, le=2**53)]
"""A release's number: no larger than a database can count."""
TOLD: Mapping[str, str] = {
    "published": mark("Published: customers get these answers from now on."),
    "planned": mark("Planned: the drafts go live by themselves at the time that was chosen."),
    "cancelled": mark("Cancelled: the drafts stay drafts."),
    "over": mark("It no longer waits: it was published or cancelled before."),
    "back": mark("Taken back: customers get the former answers from now on."),
    "same": mark("That release is what is live now."),
}
NAMED = 20
"""How many entries of a planned release are named."""
GONE = 200
"""How many of the entries that left are shown, the last ones."""
BAND_WORDS: Mapping[str, tuple[str, str, str]] = {band.value: BANDS[band] for band in Band}


@router.get("/kb/publish")
async def ask_publish(request: Request, login: WriterLogin, found: Found) -> Response:
    """Show what the next release could change, and let it be chosen."""
    drafts = await found.db.read(knowledge_views.read_drafts)
    context = {
        "drafts": drafts,
        "waiting": await found.db.read(overview.count_drafts),
        "awaited": await found.db.read(plans.awaited),
    }
    return _render(request, login, "publish.html", context)


@router.post("/kb/rehearsals")
async def rehearse(request: Request, login: WriterLogin, found: Found) -> Response:
    """Try out the drafts that were chosen."""
    form = await request.form()
    chosen = {key for key in form.getlist("key") if isinstance(key, str)}
    keys = None if form.get("all") == "yes" else chosen
    drafts = await found.db.read(knowledge.drafts, keys)
    if not drafts or found.rehearsals is None:
        return _go("/kb?told=nothing")
    rehearsal_id = await found.rehearsals.start(drafts.keys(), login.id)
    return _go(f"/kb/rehearsals/{rehearsal_id}")


@router.get("/kb/rehearsals/{rehearsal_id}")
async def show_rehearsal(
    request: Request, login: WriterLogin, found: Found, rehearsal_id: UUID
) -> Response:
    """Show how far a rehearsal is, or what came of it."""
    tried = await found.db.read(read_tried, rehearsal_id, found.clock())
    return _gate(request, login, found, tried, {})


@router.post("/kb/rehearsals/{rehearsal_id}/publish")
async def publish(
    request: Request, login: PublisherLogin, found: Found, rehearsal_id: UUID
) -> Response:
    """Publish drafts that were tried out, now or at a time."""
    form = await request.form()
    given = {name: value for name, value in form.items() if isinstance(value, str)}
    tried = await found.db.read(read_tried, rehearsal_id, found.clock())
    if tried is None:
        return _gate(request, login, found, tried, {})
    order, wrong = rehearsal_views.read_order(given, tried, login.agent.role, found.clock())
    if order is None:
        return _gate(request, login, found, tried, {"given": given, "errors": wrong}, 422)
    try:
        await _carry_out(found, login, tried, order)
    except NothingToPublish:
        wrong = {"form": mark("These drafts were not tried out as they are now. Try them again.")}
        return _gate(request, login, found, tried, {"given": given, "errors": wrong}, 409)
    return _go(f"/kb/releases?told={'planned' if order.due_at else 'published'}")


async def _carry_out(found: Services, login: Login, tried: Tried, order: Order) -> None:
    keys, now = tried.rehearsal.keys, found.clock()

    def carry_out(session: Session) -> None:
        if not _is_current(session, tried, now):
            raise NothingToPublish
        if order.due_at is None:
            knowledge.publish(session, login.id, order.note, now, keys)
        else:
            plans.plan(session, keys, order.due_at, order.note, login.id, now)

    await found.db.write(carry_out)
    await found.knowledge.refresh()


def _is_current(session: Session, tried: Tried, now: datetime) -> bool:
    again = read_tried(session, tried.rehearsal.id, now)
    return again is not None and again.is_current


@router.get("/kb/releases")
async def releases(request: Request, login: WriterLogin, found: Found, told: str = "") -> Response:
    """Show what was made live, when and by whom, and what is planned."""
    shown = await found.db.read(knowledge_views.read_releases)
    planned = await found.db.read(plans.plans)
    named = {key for each in planned for key in each.release.keys[:NAMED]}
    context = {
        "releases": shown,
        "planned": planned,
        "named": NAMED,
        "questions": await found.db.read(knowledge_views.questions_of, named),
        "told": TOLD.get(told, ""),
    }
    return _render(request, login, "releases.html", context)


@router.get("/kb/releases/gone")
async def show_gone(request: Request, login: WriterLogin, found: Found) -> Response:
    """Show the entries that left the knowledge base, to be brought back as drafts."""
    left = await found.db.read(overview.gone, GONE)
    return _render(request, login, "gone.html", {"left": left})


@router.post("/kb/releases/{number}/rollback")
async def roll_back(login: PublisherLogin, found: Found, number: Numbered) -> Response:
    """Make a former release live again, as a new one."""
    try:
        await found.db.write(knowledge.rollback, number, login.id, found.clock())
    except (NothingToPublish, UnknownRelease):
        return _go("/kb/releases?told=same")
    await found.knowledge.refresh()
    return _go("/kb/releases?told=back")


@router.post("/kb/plans/{plan_id}/cancel", dependencies=[Depends(require("knowledge.publish"))])
async def cancel(found: Found, plan_id: UUID) -> Response:
    """Cancel a planned release."""
    cancelled = await found.db.write(plans.cancel, plan_id)
    return _go(f"/kb/releases?{urlencode({'told': 'cancelled' if cancelled else 'over'})}")


def _gate(
    request: Request,
    login: Login,
    found: Services,
    tried: Tried | None,
    more: Mapping[str, Any],
    status: int = 200,
) -> Response:
    if tried is None:
        context = {
            "title": mark("There is no such trial"),
            "detail": mark("Trials are kept for a week. Choose the drafts and try them again."),
            "status": 404,
        }
        return render(request, "error.html", context, login=login, status=404)
    template = "rehearsed.html" if is_partial(request) else "rehearsal.html"
    may_overrule = login.agent.role in rehearsal_views.OVERRULERS
    drafted = {entry.key: entry.content.question for entry in tried.drafts}

    def question_of(key: str) -> str:
        live = found.knowledge.entry(key)
        return drafted.get(key) or (live.question if live else key)

    context = {
        "tried": tried,
        "given": {},
        "errors": {},
        "may_overrule": may_overrule,
        "question_of": question_of,
        **more,
    }
    return _render(request, login, template, context, status)


def _render(
    request: Request,
    login: Login,
    template: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> Response:
    words = {
        "bands": BAND_WORDS,
        "effects": EFFECTS,
        "plan_words": PLANS,
        "may_publish": login.may("knowledge.publish"),
    }
    return render(
        request, f"knowledge/{template}", {**words, **context}, login=login, status=status
    )


def _go(path: str) -> Response:
    return RedirectResponse(path, 303)
