"""What is far from every draft is not asked again; what is near, or was answered by it, is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from faq.matcher import Band, Candidate, Decision, Entry
from faq.shortcut import Nearby, Recalled, changed_entries

REFUND = Entry("refund", "退款多久", ("钱",), {"zh": "三天"}, version_id="1")
RETURN = Entry("return", "怎么退货", (), {"zh": "订单里"}, version_id="2")


@dataclass
class Says:
    """A matcher that always says the same, and counts how often it was asked."""

    decision: Decision
    asked: list[str] = field(default_factory=list)

    def decide(self, text: str) -> Decision:
        self.asked.append(text)
        return self.decision


def says(*entries: Entry, route: str = "ranked", **parts: float) -> Says:
    found = tuple(Candidate(entry, 0.9, entry.question, parts) for entry in entries)
    band = Band.ANSWER if found else Band.HANDOFF
    return Says(Decision(band, 0.9, found, route, "", ("word",)))


def far(before: Says, changed: Says) -> bool:
    after = says(RETURN)
    Nearby(before, after, changed, {"refund"}).decide("x")
    return after.asked == []


def test_far_from_every_change_the_former_decision_stands():
    assert far(says(RETURN), says(REFUND, cosine=0.1, ratio=0.1, grams=0.01))
    assert far(says(), says())


def test_near_a_change_it_is_decided_anew():
    for part in ("cosine", "ratio", "grams"):
        assert not far(says(RETURN), says(REFUND, **{part: 0.5})), part
    assert not far(says(RETURN), says(REFUND, route="exact"))
    assert not far(says(RETURN), says(REFUND, route="contains"))


def test_what_a_changed_entry_was_near_before_is_decided_anew():
    assert not far(says(RETURN, REFUND), says())


def test_a_decision_is_made_once_and_kept_without_what_nobody_shows():
    asked, memory = says(REFUND, cosine=0.5), {}
    recalled = Recalled(asked, memory)
    assert recalled.decide("x") == recalled.decide("x") == memory["x"]
    assert asked.asked == ["x"]
    assert memory["x"].candidates[0].entry is REFUND
    assert (memory["x"].candidates[0].parts, memory["x"].tokens) == ({}, ())


def test_what_is_changed_is_known_as_it_was_and_as_it_is():
    new = replace(REFUND, similar_questions=(), version_id="3")
    found = changed_entries([REFUND, RETURN], [new])
    assert [(entry.id.strip(), entry.similar_questions) for entry in found] == [
        ("refund", ("钱",)),
        ("return", ()),
        ("refund", ()),
    ]
    assert len({entry.id for entry in found}) == 3
    assert changed_entries([REFUND], [REFUND]) == []
