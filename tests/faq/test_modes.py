"""How entries want to be found, when they apply, and to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from faq.config import FaqConfig
from faq.encoder import CachedEncoder
from faq.matcher import Band, Candidate, Decision, Entry
from faq.modes import ModeMatcher, admitted, next_change
from faq.tokens import Tokens
from storage.rules import Rules

REFUND = Entry("refund", "退款多久到账", ("钱什么时候退回来",), {"zh": "三天"})
EXACT = Entry("hotline", "客服电话", (), {"zh": "12345"}, rules=Rules(mode="exact"))
HOLDS = Entry("invoice", "发票", ("电子发票",), {"zh": "可以"}, rules=Rules(mode="contains"))


@pytest.fixture(scope="module")
def tokens():
    return Tokens()


def matcher(tokens, *entries):
    return ModeMatcher.build(entries, FaqConfig(encoder="off"), tokens)


def seen(decision):
    return decision.band, [each.entry.id for each in decision.candidates], decision.route


def test_an_exact_entry_is_found_word_for_word_and_no_other_way(tokens):
    made = matcher(tokens, REFUND, EXACT)
    assert seen(made.decide("客服电话？")) == (Band.ANSWER, ["hotline"], "exact")
    assert "hotline" not in seen(made.decide("你们客服的电话是多少"))[1]


def test_a_question_that_holds_the_phrase_is_answered(tokens):
    made = matcher(tokens, REFUND, HOLDS)
    assert seen(made.decide("上周买的东西还没有给我发票啊")) == (
        Band.ANSWER,
        ["invoice"],
        "contains",
    )


def test_word_for_word_goes_before_what_is_held(tokens):
    other = Entry("other", "怎么开发票", (), {"zh": "x"})
    made = matcher(tokens, other, HOLDS)
    assert seen(made.decide("怎么开发票")) == (Band.ANSWER, ["other"], "exact")


def test_the_longest_phrase_wins(tokens):
    paper = Entry("paper", "纸质发票", (), {"zh": "x"}, rules=Rules(mode="contains"))
    made = matcher(tokens, HOLDS, paper)
    assert seen(made.decide("我想要一张纸质发票谢谢"))[1] == ["paper"]


def test_a_latin_phrase_is_held_as_words_only(tokens):
    vat = Entry("vat", "vat", (), {"en": "x"}, rules=Rules(mode="contains"))
    made = matcher(tokens, vat)
    assert seen(made.decide("is vat included in the price"))[1] == ["vat"]
    assert seen(made.decide("private delivery"))[1] == []


def test_two_entries_that_want_the_same_words_are_both_offered(tokens):
    twin = replace(EXACT, id="twin")
    band, ids, _ = seen(matcher(tokens, EXACT, twin).decide("客服电话"))
    assert (band, set(ids)) == (Band.SUGGEST, {"hotline", "twin"})


def test_what_a_customer_does_not_want_is_never_answered_for_sure(tokens):
    back = Entry("back", "退货", (), {"zh": "x"}, rules=Rules(mode="contains"))
    assert seen(matcher(tokens, back).decide("我不想退货了，东西挺好")) == (
        Band.SUGGEST,
        ["back"],
        "negated",
    )


@pytest.mark.parametrize("text", ["", " ", "😀", "发" * 20_000, "\x00", "a" * 10_000])
def test_odd_texts_break_nothing(tokens, text):
    assert matcher(tokens, EXACT, HOLDS).decide(text).band is not Band.ANSWER


def test_the_next_change_is_the_nearest_to_come(now):
    day = timedelta(days=1)
    entries = [
        replace(REFUND, rules=Rules(valid_from=now - day, valid_to=now + 3 * day)),
        replace(REFUND, rules=Rules(valid_from=now + 2 * day)),
    ]
    assert next_change(entries, now) == now + 2 * day
    assert next_change([REFUND], now) is None


def decided(band, *entries, route="ranked"):
    found = tuple(Candidate(entry, 0.9 / number, "") for number, entry in enumerate(entries, 1))
    return Decision(band, 0.9, found, route, "")


VIP = Entry("vip", "退款多久到账", (), {"zh": "一天"}, rules=Rules(tags=("vip",)))


def test_what_is_not_for_a_customer_is_not_answered_but_what_else_is_near_offered(now):
    decision = decided(Band.ANSWER, VIP, REFUND)
    assert admitted(decision, ["vip"], 0, now) is decision
    assert seen(admitted(decision, [], 0, now)) == (Band.SUGGEST, ["refund"], "ranked")
    assert seen(admitted(decided(Band.ANSWER, VIP), [], 0, now)) == (Band.HANDOFF, [], "withheld")


def test_what_is_far_is_not_offered_in_place_of_what_is_not_for_a_customer(now):
    decision = decided(Band.ANSWER, VIP, REFUND)
    far = replace(decision.candidates[1], score=0.01)
    decision = replace(decision, candidates=(decision.candidates[0], far))
    assert seen(admitted(decision, [], 0, now)) == (Band.HANDOFF, ["refund"], "withheld")
    assert admitted(decision, ["vip"], 0, now).band is Band.ANSWER


def test_what_is_left_of_equal_questions_is_the_answer(now):
    decision = decided(Band.SUGGEST, VIP, REFUND, route="exact")
    assert seen(admitted(decision, [], 0, now)) == (Band.ANSWER, ["refund"], "exact")


def test_an_entry_that_ceased_a_moment_ago_is_not_answered(now):
    over = replace(REFUND, rules=Rules(valid_to=now))
    assert admitted(decided(Band.ANSWER, over), [], 0, now).band is Band.HANDOFF


def test_an_entry_that_changes_its_way_is_found_that_way_only(tokens):
    made = matcher(tokens, REFUND, EXACT)
    meant = replace(EXACT, rules=Rules())
    asked = "你们客服的电话是多少"
    changed = made.edited([meant], ["hotline"])
    assert "hotline" in seen(changed.decide(asked))[1]
    again = changed.edited([EXACT], ["hotline"])
    assert "hotline" not in seen(again.decide(asked))[1]
    assert seen(again.decide("客服电话")) == (Band.ANSWER, ["hotline"], "exact")
    assert {entry.id for entry in again.entries} == {"refund", "hotline"}
    assert again.edited([], ["hotline"]).entries == (REFUND,)


def test_meaning_that_joins_later_decides_as_if_it_had_been_there(tokens, fake_encoder):
    encoder, entries = CachedEncoder(fake_encoder), (REFUND, EXACT, HOLDS)
    late = matcher(tokens, *entries).with_meaning(encoder)
    whole = ModeMatcher.build(entries, FaqConfig(), tokens, encoder)
    for text in ("钱多久退", "客服电话", "我要发票", "今天天气"):
        assert replace(late.decide(text), cpu_ms=0) == replace(whole.decide(text), cpu_ms=0)
    assert not late.is_edited
    assert late.edited([replace(REFUND, question="退款要几天")], []).is_edited
    assert late.edited([], ["refund"]).is_edited
