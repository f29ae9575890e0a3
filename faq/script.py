"""What drafts are tried on: the entries' own examples, kept tests, and what customers asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from faq.config import FaqConfig
from faq.matcher import Entry
from faq.normalize import normalize
from faq.replay import Asked, Example
from faq.stored import entry_of
from storage import asked, kept_tests, knowledge
from storage.asked import Question
from storage.knowledge import LiveEntry
from storage.models import ArticleVersion, KeptTest


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that a rehearsal needs from the database."""

    live: Sequence[Entry]
    drafted: Sequence[Entry]
    examples: Sequence[Example]
    questions: Sequence[Asked]


def read_script(
    session: Session, keys: Collection[str], config: FaqConfig, now: datetime
) -> Script:
    """Return what is live, what would be, the examples, and what customers asked of late."""
    live = {row.key: row for row in knowledge.live_entries(session)}
    drafted = _with_drafts(live, knowledge.drafts(session, keys))
    after = [entry_of(drafted[key]) for key in sorted(drafted)]
    since = now - timedelta(days=config.replay_days)
    questions = asked.recent(session, since, config.replay_most)
    return Script(
        [entry_of(row) for row in live.values()],
        after,
        examples_of(after, kept_tests.kept(session)),
        asked_of(questions, after),
    )


def _with_drafts(
    live: Mapping[str, LiveEntry], drafts: Mapping[str, ArticleVersion]
) -> dict[str, LiveEntry]:
    rows = dict(live)
    for key, draft in drafts.items():
        if draft.deleted:
            rows.pop(key, None)
        else:
            rows[key] = LiveEntry(key, draft.id, knowledge.content_of(draft))
    return rows


def examples_of(entries: Sequence[Entry], tests: Sequence[KeptTest]) -> list[Example]:
    """Return the entries' own examples and the kept tests; one of an entry that is gone is none."""
    known = {entry.id for entry in entries}
    found = [
        Example(text, entry.id, must_match)
        for entry in entries
        for texts, must_match in (
            (entry.rules.must_match, True),
            (entry.rules.must_not_match, False),
        )
        for text in texts
    ]
    found += [
        Example(test.text, test.article_key, test.must_match)
        for test in tests
        if test.article_key is None or test.article_key in known
    ]
    return list(dict.fromkeys(found))


def asked_of(questions: Sequence[Question], entries: Sequence[Entry]) -> list[Asked]:
    """Return each different question once, with how often it was asked and what answered it.

    An agent who sent an entry's answer word for word has confirmed it as much as a customer who
    said that it helped.
    """
    sent = {text.strip(): entry.id for entry in entries for text in entry.answers.values()}
    times = Counter(normalize(question.text) for question in questions)
    first: dict[str, Asked] = {}
    for question in questions:
        form = normalize(question.text)
        if not form:
            continue
        right = question.confirmed or sent.get((question.answered_by_agent or "").strip())
        known = first.setdefault(form, Asked(question.text, times[form], right))
        if known.confirmed is None and right is not None:
            first[form] = replace(known, confirmed=right)
    return list(first.values())
