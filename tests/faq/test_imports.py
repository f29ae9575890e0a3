"""What an import writes: only what a file changes."""

from __future__ import annotations

from faq import imports
from faq.compare import Report
from faq.importer import Imported
from faq.matcher import Entry


def test_only_what_is_new_or_changed_is_written():
    entries = tuple(Entry(key, key) for key in ("a", "b", "c"))
    report = Report(new=("a",), changed=("c",), same=("b",))
    found = imports.chosen(Imported(entries), report, keep_drafts=True)
    assert [entry.id for entry in found] == ["a", "c"]
    assert imports.stored(report, {"a": "1", "b": "2"})["marks"] == {"a": "1"}
