import string

import pytest

from handlers.chat.complaint import FORM, WISHES
from handlers.chat.handoff import _WORDS
from handlers.chat.texts import TEXTS, say
from handlers.desk.tickets import TOLD_AT
from handlers.desk.workflow import COMPLAINT


def names(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_every_sentence_is_there_in_both_languages_with_the_same_blanks(key):
    zh, en = TEXTS[key]
    assert zh.strip()
    assert en.strip()
    assert names(zh) == names(en)


@pytest.mark.parametrize("key", sorted(TEXTS))
def test_each_language_is_written_in_itself(key):
    zh, en = TEXTS[key]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in zh)
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in en)


def test_every_state_of_a_complaint_has_words_for_the_customer():
    assert {f"state_{state}" for state in COMPLAINT.states} <= set(TEXTS)


def test_every_step_that_is_told_has_words():
    told = {step.target for step in COMPLAINT.steps if step.action in TOLD_AT}
    assert {f"complaint_told_{state}" for state in told} <= set(TEXTS)


def test_every_question_wish_and_handoff_has_words():
    assert {question.text for question in FORM.questions} <= set(TEXTS)
    assert {f"wish_{wish}" for wish in WISHES} <= set(TEXTS)
    assert set(_WORDS.values()) <= set(TEXTS)


def test_blanks_are_filled_in_the_asked_language():
    assert "TS1" in say("complaint_told_closed", "zh", number="TS1")
    assert say("thanks", "zh-hant") == TEXTS["thanks"][0]
    assert say("thanks", "fr") == TEXTS["thanks"][1]


def test_no_sentence_promises_money():
    promises = ("我们会赔", "一定退款", "保证退", "we will refund", "will compensate")
    for zh, en in TEXTS.values():
        assert not any(word in zh + en.casefold() for word in promises)
