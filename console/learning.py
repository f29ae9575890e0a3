"""Thresholds by category, as customers' verdicts suggest them; an administrator applies them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.auth import Found, Login, require
from console.i18n import mark
from console.knowledge import EditorLogin
from console.knowledge_diff import KINDS
from console.services import Services
from console.views import render
from faq import labels
from faq.apprentice import LEAST_LABELS
from faq.feedback import Suggestion, Verdict, suggest
from faq.matcher import Entry
from handlers.desk import gaps as looking
from handlers.desk.lately import Ended
from storage import listings, thresholds
from storage.models import Agent, Thresholds

router = APIRouter()
AdminLogin = Annotated[Login, Depends(require("settings"))]
"""Somebody who decides how sure the bot must be."""
Numbered = Annotated[int, Path(ge=0, le=2**31 - 1)]
LOWEST, HIGHEST = 0.05, 0.9999
TOLD: Mapping[str, str] = {
    "applied": mark("Applied: the bot answers by these thresholds from now on."),
    "back": mark("Taken back: the bot answers by the former thresholds from now on."),
    "learnt": mark("Applied: the bot learns from all that was confirmed until now."),
    "nothing": mark("Nothing was chosen, so nothing changed."),
    "same": mark("That is what counts now."),
}


@router.get("/kb/learning")
async def show(request: Request, login: EditorLogin, found: Found, told: str = "") -> Response:
    """Show what the verdicts suggest, and what was applied."""
    ends = await found.lately.ends(found.db, found.clock())
    suggestions = await asyncio.to_thread(_suggestions, found, ends)
    applied, people, current = await found.db.read(_history)
    config = found.knowledge.config
    confirmed = await found.db.read(labels.said_until, config, found.clock())
    until = await found.db.read(thresholds.learnt_until)
    context = {
        "suggestions": suggestions,
        "applied": applied,
        "people": people,
        "current": current,
        "confirmed": len(confirmed),
        "least": LEAST_LABELS,
        "until": until,
        "minimum": config.learning_minimum,
        "may_apply": login.may("settings"),
        "kinds": KINDS,
        "days": looking.WINDOW.days,
        "told": TOLD.get(told, ""),
    }
    return render(request, "knowledge/learning.html", context, login=login)


def _history(
    session: Session,
) -> tuple[list[Thresholds], Mapping[UUID, Agent], Mapping[str, float]]:
    applied = thresholds.history(session)
    authors = {each.agent_id for each in applied if each.agent_id is not None}
    return applied, listings.agents_of(session, authors), thresholds.current(session)


def _suggestions(found: Services, ends: Sequence[Ended]) -> list[Suggestion]:
    known = found.knowledge
    example: dict[str, Entry] = {}
    verdicts = []
    for one in ends:
        entry = known.entry(one.entry or "")
        if entry is not None and one.end != "missed":
            category = entry.category or entry.kind
            example.setdefault(category, entry)
            verdicts.append(Verdict(category, one.confidence, one.verdict))

    def aims(category: str) -> tuple[float, float]:
        entry = example[category]
        return known.config.target(entry), known.threshold(entry)

    return suggest(
        verdicts, aims, known.config.learning_minimum, max(LOWEST, known.config.suggest_threshold)
    )


@router.post("/kb/learning")
async def apply(request: Request, login: AdminLogin, found: Found) -> Response:
    """Let the chosen thresholds count; those of other categories stay."""
    form = await request.form()
    chosen: dict[str, float] = {}
    for each in form.getlist("limit"):
        limit, _, category = str(each).partition(" ")
        value = _number(limit)
        if category and len(category) <= 200 and value is not None:  # noqa: PLR2004 - a category's length
            chosen[category] = value
    if not chosen:
        return _go("nothing")

    def change(session: Session) -> None:
        limits = {**thresholds.current(session), **chosen}
        thresholds.apply(session, limits, "", login.id, found.clock())

    await found.db.write(change)
    await found.knowledge.refresh()
    return _go("applied")


@router.post("/kb/learning/labels")
async def learn(login: AdminLogin, found: Found) -> Response:
    """Let the bot learn from all that people confirmed until now."""
    await found.db.write(thresholds.learn, login.id, found.clock())
    await found.knowledge.refresh()
    return _go("learnt")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if LOWEST <= value <= HIGHEST else None


@router.post("/kb/learning/{number}/back")
async def take_back(login: AdminLogin, found: Found, number: Numbered) -> Response:
    """Let former thresholds count again, as a new version."""
    made = await found.db.write(thresholds.take_back, number, login.id, found.clock())
    await found.knowledge.refresh()
    return _go("same" if made is None else "back")


def _go(told: str) -> Response:
    return RedirectResponse(f"/kb/learning?told={told}", 303)
