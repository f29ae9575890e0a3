"""Questions that are said twice are found, in one entry and in two."""

from faq.config import FaqConfig
from faq.matcher import Entry
from faq.modes import ModeMatcher
from faq.near import SHOWN, near_duplicates
from faq.tokens import Tokens
from storage.rules import Rules

RETURN = Entry("return", "怎么申请退货", ("我想要退掉这个东西",))
OTHER = Entry("other", "营业时间是几点到几点", ())


def matcher(*entries):
    return ModeMatcher.build(entries, FaqConfig(encoder="off"), Tokens())


LIVE = matcher(RETURN, OTHER)


def found(*questions, own="mine", live=LIVE, drafted=()):
    drafts = {entry.id: entry for entry in drafted}
    return [
        (near.question, near.other, near.entry_id, near.is_same)
        for near in near_duplicates(questions, live, drafts, own)
    ]


def test_what_another_entry_says_already_is_told_first():
    assert found("怎么才能申请退货", "怎么申请退货", "营业时间都是几点到几点") == [
        ("怎么申请退货", "怎么申请退货", "return", True),
        ("怎么才能申请退货", "怎么申请退货", "return", False),
        ("营业时间都是几点到几点", "营业时间是几点到几点", "other", False),
        ("怎么申请退货", "怎么才能申请退货", None, False),
    ]


def test_what_the_entry_itself_says_live_is_no_other_entry():
    assert found("怎么申请退货", own="return") == []


def test_the_same_with_other_marks_and_in_capitals_is_the_same():
    assert found("What is VAT", "what is vat?") == [("what is vat?", "What is VAT", None, True)]


def test_different_questions_and_empty_ones_are_no_doubles():
    assert found("", "?!", "可以货到付款吗", "运费谁出") == []


def test_no_more_are_told_than_can_be_read():
    assert len(found(*[f"怎么申请退货{number}" for number in range(100)])) == SHOWN


def test_an_entry_that_is_drafted_counts_as_its_draft_says():
    draft = Entry("return", "东西坏了怎么修", ())
    assert found("怎么申请退货", drafted=[draft]) == []
    assert found("东西坏了要怎么修", drafted=[draft]) == [
        ("东西坏了要怎么修", "东西坏了怎么修", "return", False)
    ]
    assert found("东西坏了怎么修", drafted=[draft], own="return") == []


def test_entries_that_are_found_word_for_word_are_compared_too():
    exact = Entry("exact", "怎么成为会员", (), rules=Rules(mode="exact"))
    live = matcher(RETURN, exact)
    assert found("怎么成为店会员", live=live) == [
        ("怎么成为店会员", "怎么成为会员", "exact", False)
    ]


def test_entries_that_were_changed_since_the_index_was_built_are_compared_as_they_are():
    live = LIVE.edited([Entry("new", "怎么成为会员", ())], ["other"])
    assert found("怎么成为店会员", live=live) == [("怎么成为店会员", "怎么成为会员", "new", False)]
    assert found("营业时间是几点到几点", live=live) == []


def test_where_nothing_is_live_yet_the_drafts_are_compared():
    assert found("怎么申请退货", live=None) == []
    assert found("怎么申请退货", live=matcher()) == []
    assert len(found("怎么申请退货", live=None, drafted=[RETURN])) == 1


def test_an_entry_with_many_questions_of_its_own_hides_no_other():
    mine = Entry("mine", "怎么申请退货", tuple(f"怎么申请退货{number}" for number in range(150)))
    live = matcher(mine, Entry("new", "怎么再申请退货", ()))
    assert ("怎么申请退货", "怎么再申请退货", "new", False) in found("怎么申请退货", live=live)
