"""Questions that are said twice are found, in one entry and in two."""

from faq.matcher import Entry
from faq.near import SHOWN, near_duplicates

RETURN = Entry("return", "怎么申请退货", ("我想要退掉这个东西",))
OTHER = Entry("other", "营业时间是几点到几点", ())


def found(*questions, own="mine"):
    return [
        (near.question, near.other, near.entry_id, near.is_same)
        for near in near_duplicates(questions, [RETURN, OTHER], own)
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
