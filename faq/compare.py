"""What an import would do: what is new, what changes, what is asked twice, whose draft it ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faq.importer import EVERY, MOST_ERRORS, Imported, RowError, Tell
from faq.matcher import Entry
from faq.normalize import normalize
from faq.rule_fields import BadRow
from storage.rules import over

MOST_CLASHES = 200
"""How many are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft that waits: what it says, None if it takes its entry out; whose hand it is."""

    entry: Entry | None
    by_hand: bool
    author: str = ""


@dataclass(frozen=True, slots=True)
class Clash:
    """A question of the file that another entry has too, so that neither answers for sure."""

    row: int
    question: str
    other: str
    """The other entry's key."""
    other_row: int = 0
    """Where it stands in the file; 0: in the knowledge base."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A draft that somebody wrote by hand, and that the import would end."""

    row: int
    key: str
    author: str
    removes: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What an import would do: keys by what becomes of them."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    errors: tuple[RowError, ...] = ()
    clashes: tuple[Clash, ...] = ()
    clashing: int = 0
    conflicts: tuple[Conflict, ...] = field(default=())

    @property
    def touched(self) -> frozenset[str]:
        """The keys that would be written."""
        return frozenset(self.new) | frozenset(self.changed)


def compare(
    imported: Imported,
    live: Sequence[Entry],
    drafts: Mapping[str, Drafted] | None = None,
    tell: Tell | None = None,
) -> Report:
    """Say what an import would change, against what is live and what is drafted."""
    known = {entry.id: entry for entry in live}
    new, changed, same = [], [], []
    for entry in imported.entries:
        before = known.get(entry.id)
        if before is None:
            new.append(entry.id)
        elif _says(before, entry, imported.told.get(entry.id, ())):
            same.append(entry.id)
        else:
            changed.append(entry.id)
    after = _after(known, drafts or {})
    clashes = _clashes(imported, after, tell)
    return Report(
        tuple(new),
        tuple(changed),
        tuple(same),
        imported.errors or tuple(_unfit(imported, after))[:MOST_ERRORS],
        tuple(clashes[:MOST_CLASHES]),
        len(clashes),
        tuple(_conflicts(imported, {*new, *changed}, drafts or {})),
    )


def _unfit(imported: Imported, others: Iterable[Entry]) -> Iterable[RowError]:
    """Return what of the file does not go together with what is there.

    A related entry that is nowhere, or is the row itself; an end before a beginning that stays.
    """
    known = {entry.id: entry for entry in others}
    ids = known.keys() | imported.rows.keys()
    for entry in imported.entries:
        before, told = known.get(entry.id, entry), imported.told.get(entry.id, ())
        rules = over(before.rules, entry.rules, told)
        if rules.ends_early:
            trouble = BadRow("valid_to is not after valid_from")
            yield RowError.of(imported.rows.get(entry.id, 0), trouble)
        for key in entry.rules.related:
            if key not in ids or key == entry.id:
                trouble = BadRow(
                    "%(key)r is no other entry; leave it out of related, or import that entry too",
                    key=key,
                )
                yield RowError.of(imported.rows.get(entry.id, 0), trouble)


def _says(known: Entry, entry: Entry, told: Collection[str]) -> bool:
    """Say whether an entry is as a file has it; of rules and files a file may be silent."""
    named = {*told, "files"} if entry.rules.files else told
    ruled = over(known.rules, entry.rules, named)
    return _content(known) == _content(entry) and known.rules == ruled


def _content(entry: Entry) -> tuple[object, ...]:
    return (
        entry.question,
        tuple(entry.similar_questions),
        dict(entry.answers),
        entry.kind,
        entry.category,
    )


def _after(known: Mapping[str, Entry], drafts: Mapping[str, Drafted]) -> list[Entry]:
    """Return the entries as they are once all drafts are live."""
    entries = {**known, **{key: draft.entry for key, draft in drafts.items()}}
    return [entry for entry in entries.values() if entry is not None]


def _conflicts(
    imported: Imported, touched: set[str], drafts: Mapping[str, Drafted]
) -> Iterable[Conflict]:
    for entry in imported.entries:
        draft = drafts.get(entry.id)
        if entry.id not in touched or draft is None or not draft.by_hand:
            continue
        told = imported.told.get(entry.id, ())
        if draft.entry is None or not _says(draft.entry, entry, told):
            row = imported.rows.get(entry.id, 0)
            yield Conflict(row, entry.id, draft.author, draft.entry is None)


def _clashes(imported: Imported, others: Sequence[Entry], tell: Tell | None) -> list[Clash]:
    incoming = {entry.id for entry in imported.entries}
    others = [entry for entry in others if entry.id not in incoming]
    owners: dict[str, tuple[str, int]] = {}
    for entry in others:
        for question in (entry.question, *entry.similar_questions):
            owners.setdefault(normalize(question), (entry.id, 0))
    clashes = []
    for done, entry in enumerate(imported.entries):
        if tell is not None and done % EVERY == 0:
            tell(done, len(imported.entries))
        row = imported.rows.get(entry.id, 0)
        for question in (entry.question, *entry.similar_questions):
            other, other_row = owners.setdefault(normalize(question), (entry.id, row))
            if other != entry.id:
                clashes.append(Clash(row, question, other, other_row))
    return clashes
