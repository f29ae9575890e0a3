from datetime import timedelta

from faq import labels
from faq.config import FaqConfig
from faq.matcher import Entry
from faq.stored import save
from storage.kept_tests import keep

HOURS = Entry("hours", "营业时间", answers={"zh": "9 点"})


def test_what_is_written_is_read(tmp_path):
    known = [("几点开门", "hours"), ("天气", None)]
    labels.write(tmp_path, known)
    assert labels.read(tmp_path) == known


def test_a_missing_or_damaged_file_teaches_nothing(tmp_path):
    assert labels.read(tmp_path) == []
    (tmp_path / labels.FILE).write_text("[1]\n{", "utf-8")
    assert labels.read(tmp_path) == []


def test_of_two_labels_of_a_question_the_second_counts():
    assert labels.joined([("a", "x"), ("b", None)], [("a", "y")]) == [("a", "y"), ("b", None)]


async def test_tests_that_are_kept_later_are_not_among_what_was_said(db, now):
    await db.write(save, [HOURS], now, note="first")
    await db.write(keep, "几点开门", "hours", None, now)
    await db.write(keep, "天气", None, None, now + timedelta(hours=2))
    until = now + timedelta(hours=1)
    assert await db.read(labels.said_until, FaqConfig(), until) == [("几点开门", "hours")]
    said = await db.read(labels.said_until, FaqConfig(), until + timedelta(hours=2))
    assert sorted(said, key=str) == [("几点开门", "hours"), ("天气", None)]
