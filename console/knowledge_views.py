"""What the pages of the knowledge base show: entries, differences, a trial's result."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from channels.files import Kind, Takes
from console.i18n import mark
from console.knowledge_diff import Difference, differences
from console.services import InboxState
from console.words import CHANNELS
from faq.entries import ANSWER_CHARS, MOST_SIMILAR, QUESTION_CHARS
from faq.matcher import Band
from storage import articles, knowledge, listings, overview
from storage.database import StorageError
from storage.knowledge import ArticleState, Content
from storage.models import Agent, ArticleVersion, Release

PAGE = 50
QUESTION_LIMIT, ANSWER_LIMIT, SIMILAR_LIMIT = QUESTION_CHARS, ANSWER_CHARS, MOST_SIMILAR
"""How long and how many questions and answers can be: as much as a file may bring."""
BANDS: Mapping[Band, tuple[str, str, str]] = {
    Band.ANSWER: (mark("Answers"), "good", "check"),
    Band.SUGGEST: (mark("Suggests"), "warn", "question"),
    Band.HANDOFF: (mark("Hands over to a person"), "bad", "hand"),
}
"""What a band is called, its tone and its sign."""
PARTS: Mapping[str, str] = {
    "words": mark("words in common"),
    "grams": mark("characters in common"),
    "ratio": mark("spelling"),
    "covers_query": mark("question covered"),
    "concepts": mark("synonyms"),
    "cosine": mark("meaning"),
}
"""The score parts that an editor can act on, in the matcher's own names."""
Change = Literal["new", "changed", "removed", "live"]


class Overtaken(StorageError):
    """Somebody else has written this draft meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as the desk sees it: what is live, what is drafted, what differs."""

    state: ArticleState

    @property
    def key(self) -> str:
        """The entry's name."""
        return self.state.article.key

    @property
    def shown(self) -> ArticleVersion:
        """The draft if there is one, else what is live."""
        version = self.state.draft or self.state.live
        assert version is not None  # noqa: S101 - lists hold only what is live or drafted
        return version

    @property
    def content(self) -> Content:
        """What the shown revision says."""
        return knowledge.content_of(self.shown)

    @property
    def change(self) -> Change:
        """What the next release does to this entry."""
        draft = self.state.draft
        if draft is None:
            return "live"
        if draft.deleted:
            return "removed"
        return "new" if self.state.live is None else "changed"

    @property
    def seen(self) -> str:
        """A mark that changes with the draft, so that two editors notice each other."""
        draft = self.state.draft
        return "" if draft is None else f"{draft.id.hex}-{draft.created_at.timestamp():.6f}"

    @property
    def differences(self) -> list[Difference]:
        """What the draft changes."""
        before = knowledge.content_of(self.state.live) if self.state.live else Content("")
        return differences(before, self.content)


@dataclass(frozen=True, slots=True)
class Branch:
    """A category with those below it; `count` counts theirs too."""

    path: str
    name: str
    count: int
    below: Sequence[Branch] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """A platform that answers go to, and how much one message of it holds."""

    name: str
    label: str
    limit: int
    unit: str
    takes: Mapping[Kind, Takes] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of an entry in its history, and what it changed."""

    version: ArticleVersion
    author: Agent | None
    differences: Sequence[Difference] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """One release in the history."""

    release: Release
    author: Agent | None
    live: bool


def read_entry(session: Session, key: str) -> tuple[Entry, list[Revision], list[str]] | None:
    """Return one entry with its revisions and the categories in use."""
    state = articles.get_article(session, key)
    if state is None or (state.live is None and state.draft is None):
        return None
    history = articles.versions(session, key)
    people = authors(session, [version.author_id for version in history])
    before = [*map(knowledge.content_of, history[1:]), Content("")]
    revisions = [
        Revision(
            version,
            people.get(version.author_id) if version.author_id else None,
            differences(former, knowledge.content_of(version)),
        )
        for version, former in zip(history, before, strict=True)
    ]
    return Entry(state), revisions, overview.categories(session)


def read_drafts(session: Session) -> list[Entry]:
    """Return what the next release would change."""
    return [Entry(state) for state in overview.drafted(session)]


def read_releases(session: Session) -> list[Released]:
    """Return the releases, newest first, with who made them."""
    found = articles.releases(session)
    people = authors(session, [release.author_id for release in found])
    return [
        Released(release, people.get(release.author_id) if release.author_id else None, index == 0)
        for index, release in enumerate(found)
    ]


def save(
    session: Session, key: str | None, content: Content, author: UUID, now: datetime, seen: str
) -> str:
    """Write a draft, unless somebody else wrote one since it was read; return its key.

    Raises:
        Overtaken: somebody did.
    """
    if key is not None:
        state = articles.get_article(session, key)
        if state is None:
            raise knowledge.UnknownArticle(key)
        if Entry(state).seen != seen:
            raise Overtaken
    return articles.key_of(session, knowledge.save_draft(session, key, content, author, now))


def add_similar(session: Session, key: str, text: str, author: UUID, now: datetime) -> bool:
    """Add a question to an entry's draft; return False if it is there already.

    Raises:
        UnknownArticle: there is no such entry.
    """
    state = articles.get_article(session, key)
    if state is None:
        raise knowledge.UnknownArticle(key)
    content = Entry(state).content
    known = {folded(question) for question in (content.question, *content.similar_questions)}
    if folded(text) in known or len(content.similar_questions) >= SIMILAR_LIMIT:
        return False
    more = replace(content, similar_questions=(*content.similar_questions, text))
    knowledge.save_draft(session, key, more, author, now)
    return True


def restore(session: Session, key: str, number: str, author: UUID, now: datetime) -> bool:
    """Write a draft that says what a former revision said; say whether there is one.

    Raises:
        UnknownArticle: there is no such entry.
    """
    if articles.get_article(session, key) is None:
        raise knowledge.UnknownArticle(key)
    history = articles.versions(session, key)
    former = next((each for each in history if str(each.number) == number), None)
    if former is not None:
        knowledge.save_draft(session, key, knowledge.content_of(former), author, now)
    return former is not None


def keys_by_question(session: Session) -> dict[str, str]:
    """Return the entries' keys by their standard questions, as they are compared."""
    return {folded(question): key for key, question in articles.questions(session).items()}


def questions_of(session: Session, keys: Collection[str | None]) -> dict[str, str]:
    """Return the standard questions of these entries, by key."""
    return articles.questions(session, {key for key in keys if key}) if keys else {}


def channels_of(inboxes: Sequence[InboxState]) -> list[Channel]:
    """Return the platforms of these inboxes, each once."""
    found: dict[str, Channel] = {}
    for inbox in inboxes:
        name, limit = inbox.channel, (inbox.text_limit, inbox.text_unit)
        found.setdefault(name, Channel(name, CHANNELS.get(name, name), *limit, inbox.takes))
    return list(found.values())


def tree_of(counts: Mapping[str, int], under: str = "") -> list[Branch]:
    """Return the categories below one as a tree; a category's path is `a/b/c`."""
    heads: dict[str, dict[str, int]] = {}
    for path, count in counts.items():
        rest = path[len(under) :]
        if path.startswith(under) and rest:
            heads.setdefault(rest.split("/")[0], {})[path] = count
    return [
        Branch(f"{under}{head}", head, sum(inside.values()), tree_of(inside, f"{under}{head}/"))
        for head, inside in sorted(heads.items())
    ]


def folded(question: str) -> str:
    """Return a question as it is compared: blanks and case do not count."""
    return " ".join(question.casefold().split())


def authors(session: Session, ids: Sequence[UUID | None]) -> dict[UUID, Agent]:
    """Return those who wrote something, by their ids."""
    return listings.agents_of(session, {each for each in ids if each is not None})
