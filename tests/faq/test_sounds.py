import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.matcher import Band, Entry
from faq.sounds import Sounds, is_shop_word

OWN = Sounds({"退货": 3, "怎么": 2, "发票": 2, "运费": 1})
ENTRIES = [
    Entry("returns", "如何申请退货", ("怎么退货", "退货流程是什么")),
    Entry("invoice", "怎么开发票", ("发票怎么开",)),
    Entry("hours", "营业时间", ("几点开门",)),
]


@pytest.mark.parametrize(
    "text", ["zenme tuihuo", "zenmetuihuo", "zen me tui huo", "zen'me tui'huo"]
)
def test_pinyin_is_read_however_it_is_spaced(text):
    assert OWN.from_pinyin(text) == "怎么退货"


@pytest.mark.parametrize(
    "text",
    ["how do i return this", "refund", "怎么退货", "zenme 退货", "he", "a1b2", "", "zzzz zzzz"],
)
def test_what_is_no_pinyin_is_not_read_as_such(text):
    assert OWN.from_pinyin(text) is None


@pytest.mark.parametrize("text", ["tuikuan", "tui kuan", "fapiao", "wuliu"])
def test_a_word_of_a_shops_counter_is_known_by_its_letters(text):
    assert is_shop_word(text)


@pytest.mark.parametrize("text", ["change", "women", "refund", "tuikuan fapiao", ""])
def test_other_letters_are_no_word_of_a_shops_counter(text):
    assert not is_shop_word(text)


def test_a_character_that_only_sounds_right_is_corrected():
    assert OWN.corrected("怎么退火") == "怎么退货"
    assert OWN.corrected("怎么退货") == "怎么退货"


def test_what_no_known_word_sounds_like_stays():
    assert OWN.corrected("饕餮 abc") == "饕餮 abc"


def test_a_long_run_of_letters_is_no_pinyin():
    assert OWN.from_pinyin("ma" * 10_000) is None


def test_a_question_in_pinyin_finds_its_entry(make_matcher):
    decision = make_matcher(ENTRIES).decide("zenme kai fapiao")
    assert (decision.route, decision.candidates[0].entry.id) == ("pinyin", "invoice")


def test_a_question_with_a_wrong_character_finds_its_entry(make_matcher):
    decision = make_matcher(ENTRIES).decide("我要开法票")
    assert decision.candidates[0].entry.id == "invoice"


def test_an_english_question_that_could_be_pinyin_is_asked_as_it_is(make_matcher):
    entries = [*ENTRIES, Entry("cancan", "can can dance", ("dance",))]
    assert make_matcher(entries).decide("can can dance").candidates[0].entry.id == "cancan"


@given(st.text(max_size=300))
def test_any_text_can_be_heard(text):
    assert len(OWN.corrected(text)) == len(text)
    OWN.from_pinyin(text)


@pytest.mark.parametrize(
    "text",
    ["好" * 10_000, "a" * 20_000, "😀" * 5000, "ma " * 6000, "退货吗？" * 5000, "\u0301" * 20_000],
)
def test_an_endless_text_is_never_answered_surely(make_matcher, text):
    decision = make_matcher(ENTRIES).decide(text)
    assert decision.route != "error"
    assert decision.band is not Band.ANSWER


def test_words_of_one_base_are_not_known_to_another():
    assert Sounds({"霓猫": 3}).corrected("泥猫") == "霓猫"
    assert Sounds({}).corrected("泥猫") == "泥猫"


def test_an_index_is_built_with_its_sounds_and_an_edit_keeps_them(make_matcher):
    built = make_matcher(ENTRIES)
    edited = built.edited([Entry("shops", "门店在哪里")], ["hours"])
    assert edited.snapshot.sounds is built.snapshot.sounds
    assert edited.snapshot.spelling is built.snapshot.spelling
