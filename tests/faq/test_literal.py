"""Entries that are found word for word change without their neighbours being read."""

from __future__ import annotations

from faq.literal import Literal, holds
from faq.matcher import Entry
from storage.rules import Rules

EXACT, HOLDS = Rules(mode="exact"), Rules(mode="contains")
HOTLINE = Entry("hotline", "客服电话", ("电话",), rules=EXACT)
INVOICE = Entry("invoice", "发票", (), rules=HOLDS)
PAPER = Entry("paper", "发票", ("纸质发票",), rules=HOLDS)


def ids(found):
    return [each.entry.id for each in found]


def test_what_is_changed_is_known_anew_and_the_rest_stays():
    made = Literal(500).edited([HOTLINE, INVOICE, PAPER], ())
    other = made.edited([Entry("hotline", "人工电话", rules=EXACT)], {"invoice"})
    assert (ids(made.said("发票")), ids(other.said("发票"))) == (["invoice", "paper"], ["paper"])
    assert (ids(made.said("电话")), ids(other.said("电话"))) == (["hotline"], [])
    assert ids(other.said("人工电话")) == ["hotline"]
    assert ids(made.held("我要纸质发票")) == ["paper"]
    assert sorted(other.entries) == ["hotline", "paper"]


def test_an_entry_that_is_found_by_meaning_now_is_not_found_by_words():
    made = Literal(500).edited([INVOICE], ())
    assert made.edited([Entry("invoice", "发票")], {"invoice"}) == Literal(500)
    assert made.edited([Entry("other", "退货")], {"other"}) is made


def test_letters_are_held_as_whole_words():
    assert holds("where is my order", "order")
    assert not holds("what a disorder", "order")
    assert holds("上周的发票呢", "发票")
