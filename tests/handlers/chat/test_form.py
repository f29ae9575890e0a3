import pytest

from channels.message import Choices, Text
from handlers.chat.complaint import FORM
from handlers.chat.form import LONGEST, ask, is_cut, understand

FACTS, ORDER, WISH = FORM.questions


def test_one_question_after_the_other():
    assert FORM.open_question({}) is FACTS
    assert FORM.open_question({"facts": "x"}) is ORDER
    assert FORM.open_question({"facts": "x", "order": ""}) is WISH
    assert FORM.open_question({"facts": "x", "order": "", "wish": "refund"}) is None


def test_an_open_question_is_text():
    (part,) = ask(FACTS, "zh")
    assert isinstance(part, Text)


def test_an_optional_question_can_be_skipped_by_a_tap():
    (part,) = ask(ORDER, "en")
    assert isinstance(part, Choices)
    assert [option.value for option in part.options] == ["form:order:skip"]


def test_a_choice_shows_its_choices():
    (part,) = ask(WISH, "zh")
    assert [option.value for option in part.options] == [
        "form:wish:refund",
        "form:wish:exchange",
        "form:wish:repair",
        "form:wish:apology",
        "form:wish:other",
    ]


@pytest.mark.parametrize("text", ["没有", "跳过", "无。", "no", "N/A", "I don’t know", "忘了"])
def test_no_answer_to_an_optional_question_is_an_answer(text):
    assert understand(ORDER, text, None) == {"order": ""}


@pytest.mark.parametrize("text", ["短", "！！！！！！", "  "])
def test_too_little_is_not_understood(text):
    assert understand(FACTS, text, None) is None


def test_too_much_is_cut():
    assert understand(FACTS, "长" * 3000, None) == {"facts": "长" * LONGEST}
    assert is_cut("长" * 3000)
    assert not is_cut("长" * LONGEST)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("退款吧", "refund"),
        ("给我换一个新的", "exchange"),
        ("修好就行", "repair"),
        ("我要一个说法", "apology"),
        ("I want my money back", "refund"),
        ("两倍积分", "other"),
    ],
)
def test_a_wish_in_own_words_is_understood_and_kept(text, wish):
    assert understand(WISH, text, None) == {"wish": wish, "wish_words": text}


@pytest.mark.parametrize("text", ["9", "0", "第8个", "😀", "!!!"])
def test_what_stands_before_no_choice_is_no_wish(text):
    assert understand(WISH, text, None) is None


def test_a_tap_is_understood():
    assert understand(WISH, "", "form:wish:repair") == {"wish": "repair"}
    assert understand(ORDER, "", "form:order:skip") == {"order": ""}


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (WISH, "form:order:skip"),
        (WISH, "form:wish:million"),
        (WISH, "form:wish"),
        (FACTS, "form:facts:skip"),
        (ORDER, "form:order:other"),
    ],
)
def test_an_old_or_invented_tap_is_not(question, value):
    assert understand(question, "", value) is None
