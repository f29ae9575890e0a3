import pytest

from faq.encoder import CachedEncoder
from faq.index import cut_entry
from faq.later import Later
from faq.matcher import Band, Entry
from faq.tokens import Tokens, shop_concepts

RETURNS = Entry("returns", "如何申请退货", ("怎么退货",))
HOURS = Entry("hours", "营业时间", ("几点开门",))
COUPON = Entry("coupon", "优惠券怎么用", ("怎么用券",))


@pytest.fixture(params=["words", "meaning"])
def matcher(request, make_matcher, fake_encoder):
    encoder = CachedEncoder(fake_encoder) if request.param == "meaning" else None
    return make_matcher([RETURNS, HOURS, COUPON], None, encoder)


def ids(matcher, text):
    return [candidate.entry.id for candidate in matcher.decide(text).candidates]


def test_an_added_entry_is_found_at_once(matcher):
    after = matcher.edited([Entry("invoice", "怎么开发票", ("发票怎么开",))], [])
    decision = after.decide("发票要怎么开")
    assert decision.candidates[0].entry.id == "invoice"
    assert "invoice" not in ids(matcher, "发票要怎么开")
    assert after.decide("怎么开发票").route == "exact"


def test_a_changed_entry_is_found_by_its_new_words_only(matcher):
    after = matcher.edited([Entry("hours", "周末上班吗", ("礼拜天开不开",))], [])
    assert after.decide("营业时间").route != "exact"
    assert ids(after, "礼拜天开不开门")[0] == "hours"
    changed = next(c.entry for c in after.decide("几点开门").candidates if c.entry.id == "hours")
    assert changed.question == "周末上班吗"


@pytest.mark.parametrize("text", ["怎么退货", "如何申请一下退货", "退货"])
def test_a_deleted_entry_is_never_found(matcher, text):
    after = matcher.edited([], ["returns"])
    assert "returns" not in ids(after, text)
    assert after.decide(text).band is not Band.ANSWER
    assert [entry.id for entry in after.entries] == ["hours", "coupon"]


def test_an_entry_that_was_added_can_be_changed_and_deleted(matcher):
    added = matcher.edited([Entry("invoice", "怎么开发票")], [])
    changed = added.edited([Entry("invoice", "电子发票在哪里下载")], [])
    assert ids(changed, "电子发票去哪里下载")[0] == "invoice"
    assert changed.decide("怎么开发票").route != "exact"
    assert "invoice" not in ids(changed.edited([], ["invoice"]), "电子发票在哪里下载")


def test_a_deleted_entry_can_come_back(matcher):
    after = matcher.edited([], ["returns"]).edited([RETURNS], [])
    assert after.decide("怎么退货").band is Band.ANSWER
    assert sorted(entry.id for entry in after.entries) == ["coupon", "hours", "returns"]


def test_edits_and_a_new_index_decide_alike(matcher, make_matcher):
    invoice = Entry("invoice", "怎么开发票", ("发票怎么开",))
    after = matcher.edited([invoice], ["coupon"])
    encoder = matcher.encoder
    anew = make_matcher([RETURNS, HOURS, invoice], None, encoder)
    for text in ("开个发票", "我想退货", "几点营业", "用券"):
        assert ids(after, text)[:1] == ids(anew, text)[:1]


def test_late_questions_are_counted(matcher):
    after = matcher.edited([Entry("invoice", "怎么开发票", ("发票怎么开",))], ["hours"])
    assert (matcher.late_rows, after.late_rows) == (0, 2)


def test_what_was_edited_before_is_not_measured_again(matcher):
    def edited(later, entry):
        return later.edited([cut_entry(entry, Tokens(), shop_concepts(), 500)], [], None)

    once = edited(Later(matcher.snapshot), Entry("invoice", "怎么开发票"))
    assert edited(once, COUPON).changed["invoice"] is once.changed["invoice"]


def test_what_an_entry_said_before_is_not_encoded_again(make_matcher, fake_encoder):
    matcher = make_matcher([RETURNS, HOURS], None, CachedEncoder(fake_encoder))
    fake_encoder.calls.clear()
    after = matcher.edited([Entry("hours", "周末上班吗", HOURS.similar_questions)], [])
    after.edited([Entry("invoice", "怎么开发票")], [])
    assert fake_encoder.calls == ["周末上班吗", "怎么开发票"]
