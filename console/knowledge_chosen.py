"""What is done with many entries at once: chosen, confirmed, drafted, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from console.auth import Found
from console.i18n import mark
from console.imports import TYPES, Shape, file_of
from console.knowledge import EditorLogin, show_page
from console.knowledge_forms import audience_of, category_of, moment_in
from console.knowledge_list import Place, place_of
from console.knowledge_views import Entry
from console.services import Services
from faq.stored import entry_of
from storage import articles, knowledge, overview
from storage.articles import Content, LiveEntry
from storage.database import StorageError
from storage.rules import RISKS, Risk

router = APIRouter()
MOST = 500
"""How many entries are changed at once."""
NAMED = 20
"""How many of them the question whether one is sure names."""
ACTS: Mapping[str, tuple[str, str]] = {
    "move": (mark("Move to a category"), mark("Move")),
    "until": (mark("Set until when they are valid"), mark("Set")),
    "audience": (mark("Set for whom they are"), mark("Set")),
    "risk": (mark("Set their risk"), mark("Set")),
    "remove": (mark("Take out of the knowledge base"), mark("Take out")),
    "discard": (mark("Throw drafts away"), mark("Throw away")),
    "export": (mark("Export"), mark("Export")),
}
"""What can be done: what it is called above the page, and on its button."""
_Change = Callable[[Content], Content]


class Gone(StorageError):
    """An entry that was chosen is not there any more."""


class EndsEarly(StorageError):
    """An entry would end before it begins; its argument is the question."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to do with which entries."""

    act: str
    keys: tuple[str, ...]
    given: Mapping[str, str]
    place: Place

    @property
    def is_sure(self) -> bool:
        """Whether it was confirmed."""
        return self.given.get("sure") == "yes"


@router.post("/kb/chosen")
async def chosen(request: Request, login: EditorLogin, found: Found) -> Response:
    """Ask whether one is sure, then change the chosen entries' drafts, or export the entries."""
    wish = _wish(await request.form())
    if wish.act not in ACTS or not wish.keys:
        return _back(wish, "none")
    if len(wish.keys) > MOST:
        return _back(wish, "many")
    if not wish.is_sure:
        return await _ask(request, login, found, wish)
    if wish.act == "export":
        return await _exported(found, wish)
    wrong: dict[str, str] = {}
    change = _change(wish, wrong)
    if wrong:
        return await _ask(request, login, found, wish, wrong)
    try:
        number = await found.db.write(_write, wish, change, login.id, found.clock())
    except Gone:
        return _back(wish, "gone")
    except EndsEarly as problem:
        wrong["valid_to"] = mark("Nothing was changed: this entry would end before it begins:")
        return await _ask(request, login, found, wish, wrong, str(problem))
    return _back(wish, "done", done=str(number), left=str(len(wish.keys) - number))


def _wish(form: FormData) -> Wish:
    """Return what a form wants; `all` chooses whatever the page showed."""
    names = "shown" if form.get("all") == "yes" else "key"
    keys = dict.fromkeys(key for key in form.getlist(names) if isinstance(key, str) and key)
    given = {name: text for name, text in form.items() if isinstance(text, str)}
    return Wish(given.get("action", ""), tuple(keys), given, place_of(given))


def _change(wish: Wish, wrong: dict[str, str]) -> _Change | None:
    """Return what becomes of an entry, None if its words stay; what cannot be goes to `wrong`."""
    match wish.act:
        case "move":
            return partial(_moved, category_of(wish.given.get("to", "")))
        case "until":
            return partial(_until, moment_in(wish.given, "valid_to", wrong))
        case "audience":
            return partial(_for, *audience_of(wish.given, wrong))
        case "risk":
            risk = wish.given.get("risk", "")
            if risk not in RISKS:
                wrong["risk"] = mark("Choose one of those that are offered.")
            return partial(_risky, cast("Risk", risk))
        case _:
            return None


def _moved(category: str, content: Content) -> Content:
    return replace(content, category=category)


def _until(end: datetime | None, content: Content) -> Content:
    rules = replace(content.rules, valid_to=end)
    if rules.ends_early:
        raise EndsEarly(content.question)
    return replace(content, rules=rules)


def _for(tags: tuple[str, ...], level: int, content: Content) -> Content:
    return replace(content, rules=replace(content.rules, tags=tags, level=level))


def _risky(risk: Risk, content: Content) -> Content:
    return replace(content, rules=replace(content.rules, risk=risk))


def _write(
    session: Session, wish: Wish, change: _Change | None, author: UUID, now: datetime
) -> int:
    """Do it to all entries or, by raising, to none; return how many it changed.

    Raises:
        Gone: an entry is not there any more.
        EndsEarly: an entry would end before it begins.
    """
    changed = 0
    for entry in _entries(session, wish.keys):
        if wish.act == "discard":
            changed += knowledge.delete_draft(session, entry.key)
        elif entry.change == "removed":
            continue
        elif change is None:
            knowledge.mark_deleted(session, entry.key, author, now)
            changed += 1
        elif (content := change(entry.content)) != entry.content:
            knowledge.save_draft(session, entry.key, content, author, now)
            changed += 1
    return changed


def _entries(session: Session, keys: Sequence[str]) -> list[Entry]:
    """Return these entries in their order.

    Raises:
        Gone: one is not there any more.
    """
    found = []
    for key in keys:
        state = articles.get_article(session, key)
        if state is None or (state.live is None and state.draft is None):
            raise Gone(key)
        found.append(Entry(state))
    return found


async def _exported(found: Services, wish: Wish) -> Response:
    try:
        entries = await found.db.read(_entries, wish.keys)
    except Gone:
        return _back(wish, "gone")
    shape: Shape = next((each for each in TYPES if each == wish.given.get("shape")), "xlsx")
    rows = [entry_of(LiveEntry(e.key, e.shown.id, e.content)) for e in entries]
    return await file_of(rows, f"faq-{found.clock():%Y%m%d}-{len(rows)}", shape)


async def _ask(
    request: Request,
    login: EditorLogin,
    found: Services,
    wish: Wish,
    wrong: Mapping[str, str] | None = None,
    named: str = "",
) -> Response:
    """Show what would be done with how many entries, and what has to be said for it."""
    try:
        entries = await found.db.read(_entries, wish.keys)
    except Gone:
        return _back(wish, "gone")
    context: dict[str, Any] = {
        "wish": wish,
        "acts": ACTS,
        "first": entries[:NAMED],
        "more": max(0, len(entries) - NAMED),
        "new": sum(entry.change == "new" for entry in entries),
        "drafts": sum(entry.change != "live" for entry in entries),
        "categories": await found.db.read(overview.categories),
        "shapes": list(TYPES),
        "given": wish.given,
        "errors": wrong or {},
        "named": named,
    }
    status = 422 if wrong else 200
    return show_page(request, login, found, "chosen.html", context, status)


def _back(wish: Wish, told: str, **more: str) -> Response:
    fields = {**wish.place.fields, "page": str(wish.place.page), "chosen": told, **more}
    if told == "done":
        fields["act"] = wish.act
    said = urlencode({name: text for name, text in fields.items() if text})
    return RedirectResponse(f"/kb?{said}", 303)
