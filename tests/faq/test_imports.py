"""What an import writes: only what a file changes, piece by piece, seen all at once or never."""

from __future__ import annotations

import pytest

from faq import imports
from faq.compare import Report, compare
from faq.importer import Imported, read
from faq.matcher import Entry
from storage import imports as table
from storage import knowledge, staged
from storage.articles import Content
from storage.imports import Overtaken
from storage.rules import Rules

CONTENTS = {f"k{number}": Content(f"问题 {number}", (), {"zh": "x"}) for number in range(5)}


def test_only_what_is_new_or_changed_is_written():
    entries = tuple(Entry(key, key) for key in ("a", "b", "c"))
    report = Report(new=("a",), changed=("c",), same=("b",))
    found = imports.chosen(Imported(entries), report, keep_drafts=True)
    assert list(found) == ["a", "c"]
    assert imports.stored(report, {"a": "1", "b": "2"})["marks"] == {"a": "1"}


async def test_a_table_changes_the_rules_that_it_has_a_column_for_and_no_others(db, now):
    rules = Rules(mode="exact", level=3, tags=("vip",))
    kept = {"a": Content("q", (), {"en": "x"}, rules=rules)}
    await db.write(knowledge.save_drafts, kept, None, now)
    await db.write(knowledge.publish, None, "", now)
    imported = read("x.csv", b"id,question,answer,mode,audience_tags\na,q,x,,gold\n")
    base = await db.read(imports.base)
    found = imports.chosen(imported, compare(imported, base.live), keep_drafts=True)
    await imports.write(db, found, [], now)
    (waiting,) = await db.read(table.waiting)
    assert waiting.content.rules == Rules(level=3, tags=("gold",))


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(staged, "PIECE", 2)


async def drafted(db):
    return [each.key for each in await db.read(table.waiting)]


async def marks_of(db, *keys):
    return [each.mark for each in await db.read(table.waiting) if each.key in keys]


async def test_entries_are_written_in_pieces_and_replace_what_was_looked_at(db, now):
    await db.write(knowledge.save_draft, "k1", Content("Mine"), None, now)
    await imports.write(db, CONTENTS, await marks_of(db, "k1"), now)
    assert await drafted(db) == sorted(CONTENTS)
    assert (await db.read(knowledge.get_article, "k1")).draft.question == "问题 1"
    assert await db.read(staged.count, imports.STAGE) == 0


async def test_a_draft_that_was_written_meanwhile_is_not_written_over(db, now):
    await db.write(knowledge.save_draft, "k1", Content("Mine"), None, now)
    with pytest.raises(Overtaken):
        await imports.write(db, CONTENTS, [], now)
    assert await drafted(db) == ["k1"]
    assert (await db.read(knowledge.get_article, "k1")).draft.question == "Mine"
    assert await db.read(staged.count, imports.STAGE) == 0


async def test_what_a_broken_command_left_behind_is_dropped_first(db, now):
    left = {"old": Content("Half a file")}
    await db.write(staged.stage, imports.STAGE, left, None, now)
    await imports.write(db, CONTENTS, [], now)
    assert await drafted(db) == sorted(CONTENTS)


async def test_what_another_command_stages_beside_it_is_not_taken_for_its_own(db, now):
    theirs = {"other": Content("Theirs")}
    told = []

    class Beside:
        """The database, while another command writes before the first piece is shown."""

        read = db.read

        async def write(self, work, *given):
            if work is not staged.drop and not told:
                told.append(True)
                await db.write(staged.stage, imports.STAGE, theirs, None, now)
            return await db.write(work, *given)

    with pytest.raises(Overtaken):
        await imports.write(Beside(), CONTENTS, [], now)
    assert await drafted(db) == []


class Killed(BaseException):
    """The process is no more."""


class Dying:
    """The database of a process that is killed before one of its writes."""

    def __init__(self, db, writes):
        self.db, self.left = db, writes
        self.read = db.read

    async def write(self, work, *given):
        if not self.left:
            raise Killed
        self.left -= 1
        return await self.db.write(work, *given)


async def test_a_published_import_is_all_live_or_not_there_wherever_it_is_killed(db, now):
    writes, seen = 0, []
    while True:
        try:
            await imports.write(Dying(db, writes), CONTENTS, [], now, "imported")
        except Killed:
            seen.append(len(await db.read(knowledge.live_entries)))
            assert await drafted(db) == []
            assert await db.read(knowledge.current_release) == (1 if seen[-1] else 0)
            if seen[-1]:
                break
            writes += 1
        else:
            break
    assert seen[:-1] == [0] * writes
    assert len(await db.read(knowledge.live_entries)) == len(CONTENTS)
    (release,) = await db.read(knowledge.releases)
    assert release.note == "imported"
