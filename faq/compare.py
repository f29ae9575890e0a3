"""What an import would do: what is new, what changes, what is asked twice, whose draft it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faq.importer import EVERY, Imported, RowError, Tell
from faq.matcher import Entry
from faq.normalize import normalize

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
        elif _says(before, entry):
            same.append(entry.id)
        else:
            changed.append(entry.id)
    clashes = _clashes(imported, _after(known, drafts or {}), tell)
    return Report(
        tuple(new),
        tuple(changed),
        tuple(same),
        imported.errors,
        tuple(clashes[:MOST_CLASHES]),
        len(clashes),
        tuple(_conflicts(imported, {*new, *changed}, drafts or {})),
    )


def _says(known: Entry, entry: Entry) -> bool:
    """Say whether an entry is as a file has it; of files a file may be silent."""
    files = entry.rules.files
    return _content(known) == _content(entry) and (not files or known.rules.files == files)


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
        if draft.entry is None or not _says(draft.entry, entry):
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
