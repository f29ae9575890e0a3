import pytest

from faq.config import FaqConfig
from faq.encoder import CachedEncoder
from faq.hybrid import HybridMatcher
from faq.matcher import Entry
from faq.spelling import Spelling

OWN = Spelling(
    {"cancel": 3, "order": 9, "shipping": 4, "reassessment": 1, "product": 5, "money": 2}
)


def nothing(word: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("i want to cancle my order", "i want to cancel my order"),
        ("another reassesment", "another reassessment"),
        ("which producr", "which product"),
        ("shiping to delhi", "shipping to delhi"),
    ],
)
def test_a_misspelt_word_is_read_as_the_bases_own(said, meant):
    assert OWN.corrected(said, nothing) == meant


@pytest.mark.parametrize(
    "text",
    [
        "cancel the order",
        "a monkey",
        "cancels and products",
        "the older one",
        "cancle-2 of x.cancle",
        "退货 cancel",
        "",
    ],
)
def test_what_is_right_or_only_alike_stays(text):
    assert OWN.corrected(text, nothing) == text


def test_a_word_of_the_language_stays_though_the_base_lacks_it():
    assert OWN.corrected("shopping", nothing) == "shipping"
    assert OWN.corrected("shopping", {"shopping"}.__contains__) == "shopping"


def test_a_text_of_another_language_is_left_alone():
    foreign = "cancle ordeer producr shiping moneyy reassesment cancal"
    assert OWN.corrected(foreign, nothing) == foreign


ENTRIES = [
    Entry("cancel", "cancel the order", ("how can i cancel an order", "cancel what i ordered")),
    Entry("place", "place an order", ("how can i order", "order something")),
    Entry("hours", "opening hours", ("when do you open",)),
]


@pytest.fixture
def matcher(tokens, fake_encoder):
    return HybridMatcher.build(ENTRIES, FaqConfig(), tokens, CachedEncoder(fake_encoder))


def test_a_misspelt_question_is_found_by_what_was_meant(matcher):
    decision = matcher.decide("pls cancle")
    assert decision.route == "spelling"
    assert decision.candidates[0].entry.id == "cancel"


def test_the_text_as_it_stands_counts_where_it_is_surer(matcher):
    assert matcher.decide("how can i cancelled").route == "ranked"
