"""The list of entries: found, sorted, with what they did for customers of late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from console import knowledge_views as pages
from console.auth import Found
from console.knowledge import TOLD, EditorLogin, show_page
from console.knowledge_diff import KINDS
from console.knowledge_views import Branch, Entry
from storage import articles, overview, sorted_articles, usage
from storage.articles import Chosen
from storage.models import Agent
from storage.sorted_articles import By, Order
from storage.usage import Use

router = APIRouter()
WINDOW = timedelta(days=30)
"""Over which time it is counted what entries did."""
DRAFTED = "drafted"
"""The state of what the next release would change."""
UNUSED = Use()
_FALL_FIRST = frozenset({By.HITS, By.HANDED, By.UPDATED})
"""The orders that begin with the most, or the newest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the list, what it did, and who wrote what is shown of it."""

    entry: Entry
    use: Use
    author: Agent | None

    @property
    def handed(self) -> float | None:
        """Which share of the conversations that it answered went to a person afterwards."""
        return self.use.handed / self.use.talks if self.use.talks else None

    @property
    def taken(self) -> float | None:
        """Which share of the conversations that it was suggested in took it."""
        return self.use.taken / self.use.offered if self.use.offered else None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of the list."""

    lines: Sequence[Line]
    total: int
    drafts: int
    release: int
    tree: Sequence[Branch] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the list one is: what is looked for, in which order, on which page."""

    chosen: Chosen
    order: Order
    page: int = 1

    @property
    def fields(self) -> dict[str, str]:
        """What the address says besides the page; a filter's form keeps it."""
        return {
            "q": self.chosen.query,
            "kind": self.chosen.kind,
            "category": self.chosen.category,
            "state": DRAFTED if self.chosen.drafted else "",
            "sort": self.sort,
        }

    @property
    def sort(self) -> str:
        """The order as the address says it: a `-` in front turns it round."""
        return _sort(self.order.by, self.order.falls)

    def at(self, page: int) -> str:
        """Return the address of another page."""
        return _address({**self.fields, "page": str(page) if page > 1 else ""})

    def sorted_by(self, by: str) -> str:
        """Return the address of the list in another order; in its own it is turned round."""
        falls = by in _FALL_FIRST if by != self.order.by else not self.order.falls
        return _address({**self.fields, "sort": _sort(by, falls)})

    def direction(self, by: str) -> str:
        """Return the `aria-sort` of a column."""
        if by != self.order.by:
            return "none"
        return "descending" if self.order.falls else "ascending"


def place_of(given: Mapping[str, str]) -> Place:
    """Return the place that an address or a form names; what it does not know counts as unsaid."""
    kind, number = given.get("kind", ""), given.get("page", "")
    chosen = Chosen(
        given.get("q", "")[:200],
        kind if kind in KINDS else "",
        given.get("category", "")[:200],
        given.get("state") == DRAFTED,
    )
    sort = given.get("sort", "")
    by = next((each for each in By if each == sort.removeprefix("-")), By.KEY)
    falls = (by in _FALL_FIRST) != sort.startswith("-")
    page = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 1  # noqa: PLR2004 - digits
    return Place(chosen, Order(by, falls), max(1, min(page, 10_000)))


def read_list(session: Session, place: Place, now: datetime) -> Listed:
    """Return one page of the knowledge base."""
    since, offset = now - WINDOW, (place.page - 1) * pages.PAGE
    found = sorted_articles.in_order(session, place.chosen, place.order, since, pages.PAGE, offset)
    entries = [Entry(state) for state in found if state.draft or state.live]
    uses = usage.of(session, [entry.key for entry in entries], since)
    people = pages.authors(session, [entry.shown.author_id for entry in entries])
    return Listed(
        [
            Line(entry, uses.get(entry.key, UNUSED), _author(people, entry.shown.author_id))
            for entry in entries
        ],
        articles.count_articles(session, place.chosen),
        overview.count_drafts(session),
        articles.current_release(session),
        pages.tree_of(articles.category_counts(session)),
    )


@router.get("/kb")
async def list_all(request: Request, login: EditorLogin, found: Found, told: str = "") -> Response:
    """Show the entries."""
    place = place_of(request.query_params)
    listed = await found.db.read(read_list, place, found.clock())
    context = {
        "listed": listed,
        "place": place,
        "told": TOLD.get(told, ""),
        "choice": _choice(request.query_params),
    }
    return show_page(request, login, found, "list.html", context)


def _choice(given: Mapping[str, str]) -> tuple[str, int, int]:
    """Return what came of a choice of entries: a word, how many were changed, how many left."""
    numbers = (given.get(name, "") for name in ("done", "left"))
    done, left = (int(n) if n.isascii() and n.isdigit() and len(n) < 4 else 0 for n in numbers)  # noqa: PLR2004 - digits
    return given.get("chosen", ""), done, left


def _author(people: Mapping[UUID, Agent], key: UUID | None) -> Agent | None:
    return None if key is None else people.get(key)


def _sort(by: str, falls: bool) -> str:  # noqa: FBT001 - the two halves of an order
    return by if falls == (by in _FALL_FIRST) else f"-{by}"


def _address(fields: Mapping[str, str]) -> str:
    said = {name: text for name, text in fields.items() if text}
    return f"/kb?{urlencode(said)}" if said else "/kb"
