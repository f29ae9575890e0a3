from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.clauses import clauses
from faq.config import FaqConfig
from faq.encoder import CachedEncoder
from faq.hybrid import HybridMatcher
from faq.matcher import Band, Entry
from faq.tokens import Tokens

RETURNS = Entry("returns", "如何申请退货", ("怎么退货", "退货流程是什么"), {"zh": "在订单页申请"})
EXCHANGE = Entry("exchange", "如何换货", ("怎么换货", "换货流程是什么"))
HOURS = Entry("hours", "营业时间", ("几点开门", "几点关门"))
COUPON = Entry("coupon", "优惠券怎么用", ("怎么用券",))
ENTRIES = (RETURNS, EXCHANGE, HOURS, COUPON)
EASY = FaqConfig(answer_threshold=0.3, suggest_threshold=0.05)


def first(decision):
    return decision.candidates[0].entry.id if decision.candidates else None


@pytest.mark.parametrize(
    "text", ["如何申请退货", "  怎么退货？", "亲 在吗 怎麼退貨 谢谢😊", "怎 么 退 货"]
)
def test_a_known_question_is_answered_surely(make_matcher, text):
    decision = make_matcher(ENTRIES).decide(text)
    assert (decision.band, decision.route, first(decision)) == (Band.ANSWER, "exact", "returns")
    assert decision.confidence > 0.99


def test_a_candidate_says_which_question_matched(make_matcher):
    decision = make_matcher(ENTRIES).decide("几点关门呀")
    assert decision.candidates[0].matched == "几点关门"
    assert decision.explain()["candidates"][0]["id"] == "hours"


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "[流泪]", "？？？", "\x00\u200b"])
def test_a_text_without_words_is_handed_off_as_empty(make_matcher, text):
    decision = make_matcher(ENTRIES).decide(text)
    assert (decision.band, decision.route, decision.candidates) == (Band.HANDOFF, "empty", ())


def test_a_greeting_is_known_as_one(make_matcher):
    decision = make_matcher(ENTRIES).decide("你好，在吗？")
    assert (decision.band, decision.route) == (Band.HANDOFF, "small-talk")
    assert decision.candidates == ()


def test_a_greeting_that_is_an_entry_is_answered(make_matcher):
    decision = make_matcher((*ENTRIES, Entry("hello", "你好"))).decide("你好！")
    assert (decision.band, first(decision)) == (Band.ANSWER, "hello")


@pytest.mark.parametrize(
    "text",
    [
        "asdf qwer zxcv",
        "帮我写一首诗",
        "谁是世界首富",
        "what is the capital of France",
        "who won the game last night",
        "哈哈哈哈",
        "111111",
    ],
)
def test_nonsense_and_chat_are_never_answered(make_matcher, shop, text):
    assert make_matcher(shop).decide(text).band is not Band.ANSWER


def test_without_entries_everything_is_handed_off(make_matcher):
    decision = make_matcher(()).decide("如何申请退货")
    assert (decision.band, decision.candidates) == (Band.HANDOFF, ())


def test_an_entry_without_words_is_never_found(make_matcher):
    decision = make_matcher((Entry("mute", "？？？"), *ENTRIES)).decide("怎么退货")
    assert first(decision) == "returns"


def test_two_entries_with_the_same_question_are_suggested(make_matcher):
    twin = Entry("twin", "怎么退货")
    decision = make_matcher((*ENTRIES, twin)).decide("怎么退货")
    assert decision.band is Band.SUGGEST
    assert {c.entry.id for c in decision.candidates} == {"returns", "twin"}


def test_two_entries_that_cannot_be_told_apart_are_suggested(make_matcher):
    one, two = Entry("one", "怎么申请退货"), Entry("two", "怎么申请退货")
    decision = make_matcher((one, two, HOURS), EASY).decide("要申请退货怎么弄")
    assert decision.band is not Band.ANSWER


@pytest.mark.parametrize(
    "text", ["我不想退货", "别给我申请退货", "不用退货了", "I don't want to return it 退货"]
)
def test_a_negated_wish_is_at_most_suggested(make_matcher, text):
    assert make_matcher(ENTRIES, EASY).decide(text).band is not Band.ANSWER


def test_a_negation_that_the_entry_shares_is_no_contradiction(make_matcher):
    entry = Entry("cancel", "不想要了怎么取消订单", ("不想买了怎么取消",))
    decision = make_matcher((*ENTRIES, entry), EASY).decide("现在不想买了要怎么取消")
    assert (decision.band, first(decision)) == (Band.ANSWER, "cancel")


def test_what_is_denied_gives_way_to_what_is_wanted(make_matcher, shop):
    decision = make_matcher(shop).decide("不是要退货，我想问换货怎么弄")
    assert first(decision) == "exchange"
    assert decision.band is not Band.ANSWER


def test_a_story_before_the_question_does_not_hide_it(make_matcher, shop):
    story = "上周给我妈妈买了一件衣服她特别喜欢邻居看了也说好看，运费怎么计算"
    assert first(make_matcher(shop).decide(story)) == "ship_fee"


def test_two_questions_at_once_are_both_suggested(make_matcher):
    decision = make_matcher(ENTRIES, EASY).decide("怎么申请退货呢？还有你们几点开门？")
    assert decision.band is Band.SUGGEST
    assert {c.entry.id for c in decision.candidates[:2]} == {"returns", "hours"}


def test_an_entry_about_money_needs_more_confidence(make_matcher):
    refund = Entry("refund", "优惠券怎么用", category="退款")
    text = "优惠券要怎么用呀"
    loose = FaqConfig(answer_threshold=0.0, suggest_threshold=0.0, strict_answer_threshold=1.0)
    assert make_matcher((COUPON, HOURS), loose).decide(text).band is Band.ANSWER
    assert make_matcher((refund, HOURS), loose).decide(text).band is Band.SUGGEST


def test_bands_follow_the_thresholds(make_matcher):
    text = "优惠券要怎么用呀"
    always = FaqConfig(answer_threshold=0.0, suggest_threshold=0.0)
    never = FaqConfig(answer_threshold=1.0, suggest_threshold=1.0)
    middle = FaqConfig(answer_threshold=1.0, suggest_threshold=0.0)
    bands = [make_matcher(ENTRIES, config).decide(text).band for config in (always, middle, never)]
    assert bands == [Band.ANSWER, Band.SUGGEST, Band.HANDOFF]


def test_a_very_long_text_is_decided_about(make_matcher):
    decision = make_matcher(ENTRIES).decide("退货怎么办，" * 4000)
    assert len(decision.normalized) <= 500


def test_a_word_as_long_as_the_limit_is_decided_about(make_matcher):
    assert make_matcher(ENTRIES).decide("a" * 20_000).band is not Band.ANSWER


class Broken:
    name = "broken"

    def encode(self, texts):
        raise RuntimeError("no model")


def test_a_matcher_that_fails_hands_off(make_matcher, fake_encoder):
    matcher = make_matcher(ENTRIES, None, CachedEncoder(fake_encoder))
    matcher._encoder = Broken()
    decision = matcher.decide("退货这件事")
    assert (decision.band, decision.route) == (Band.HANDOFF, "error")


def test_meaning_is_compared_where_there_is_an_encoder(make_matcher, fake_encoder):
    matcher = make_matcher(ENTRIES, None, CachedEncoder(fake_encoder))
    decision = matcher.decide("申请一下退货")
    assert first(decision) == "returns"
    assert "cosine" in decision.candidates[0].parts
    assert decision.version.endswith("semantic")


class Together:
    """Tells which texts were encoded together."""

    name = "together-1"

    def __init__(self, encoder):
        self.batches = []
        self._encoder = encoder

    def encode(self, texts):
        self.batches.append(list(texts))
        return self._encoder.encode(texts)

    def has_word(self, word):
        return self._encoder.has_word(word)


def test_the_readings_of_a_message_are_encoded_together(make_matcher, fake_encoder):
    encoder = Together(fake_encoder)
    matcher = make_matcher(ENTRIES, None, CachedEncoder(encoder))
    encoder.batches.clear()
    decision, looks = matcher.traced("东西坏了想退货，另外几点开门，优惠券能用吗")
    read = [look.question.text for look in looks]
    assert (decision.route, len(read), encoder.batches) == ("clauses", 4, [read])
    alone = [matcher.traced(text)[1][0] for text in read[1:]]
    for look, one in zip(looks[1:], alone, strict=True):
        assert look.table == pytest.approx(one.table, abs=1e-6)


def test_threads_share_a_matcher(make_matcher, shop):
    matcher = make_matcher(shop)
    texts = [entry.question for entry in shop]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: first(matcher.decide(text)), texts * 3))
    assert found == [entry.id for entry in shop] * 3


def test_clauses_leave_out_what_is_not_wanted():
    assert clauses("不是要退货，我想问换货怎么弄", "") == ["换货怎么弄"]
    assert clauses("怎么退货", "怎么退货") == []


_matcher = HybridMatcher.build(ENTRIES, FaqConfig(), Tokens())


@given(st.text(max_size=200))
def test_any_text_gets_a_decision(text):
    decision = _matcher.decide(text)
    assert 0 <= decision.confidence <= 1
    assert decision.route != "error"
    assert len(decision.candidates) <= 5
