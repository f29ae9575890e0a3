"""Two matchers are asked the same, and what customers would notice is told."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

from faq.matcher import Band, Candidate, Decision, Entry
from faq.replay import Asked, Example, check
from faq.replay import replay as replayed
from storage.rules import Attachment, Rules

REFUND = Entry("refund", "When is my refund there?", answers={"en": "In three days."})
RETURN = Entry("return", "How do I return it?", answers={"en": "By post."})
QUICK = Entry("refund", REFUND.question, answers={"en": "In two days."})


@dataclass
class Says:
    """A matcher that says what it was told to."""

    words: dict[str, tuple[Band, tuple[Entry, ...]]] = field(default_factory=dict)

    def decide(self, text: str) -> Decision:
        band, entries = self.words.get(text, (Band.HANDOFF, ()))
        found = tuple(Candidate(entry, 0.9, entry.question) for entry in entries)
        return Decision(band, 0.9, found, "ranked", text)


def answers(text: str, entry: Entry) -> Says:
    return Says({text: (Band.ANSWER, (entry,))})


def offers(text: str, *entries: Entry) -> Says:
    return Says({text: (Band.SUGGEST, entries)})


def effects(before: Says, after: Says, confirmed: str | None = "refund") -> list[str]:
    found = replayed(before, after, [Asked("money?", confirmed=confirmed)])
    return [change.effect for change in found.changes]


def test_what_customers_would_not_notice_is_no_change():
    both = answers("money?", REFUND)
    assert effects(both, answers("money?", REFUND)) == []
    assert effects(offers("money?", REFUND, RETURN), offers("money?", RETURN, REFUND)) == []


def test_other_words_of_the_same_answer_are_a_change_but_nobody_says_a_bad_one():
    assert effects(answers("money?", REFUND), answers("money?", QUICK)) == ["other"]


def test_another_file_with_the_same_answer_is_a_change_even_under_its_old_name():
    old, new = (
        replace(REFUND, rules=Rules(files=(Attachment(sign * 32, "a.png", "image/png", 5),)))
        for sign in "ab"
    )
    for before, after in ((REFUND, old), (old, new)):
        assert effects(answers("money?", before), answers("money?", after)) == ["other"]


def test_a_confirmed_answer_that_is_lost_is_worse_and_one_that_is_won_better():
    right, wrong = answers("money?", REFUND), answers("money?", RETURN)
    offered, nothing = offers("money?", RETURN, REFUND), Says()
    steps = [wrong, nothing, offered, right]
    for low, high in itertools.pairwise(steps):
        assert effects(high, low) == ["worse"]
        assert effects(low, high) == ["better"]
    assert effects(right, wrong, confirmed=None) == ["other"]


def test_coverage_counts_how_often_it_was_asked_and_precision_only_what_was_confirmed():
    after = Says({"a": (Band.ANSWER, (REFUND,)), "b": (Band.ANSWER, (RETURN,))})
    asked = [Asked("a", 3, "refund"), Asked("b", 1, "refund"), Asked("c", 4)]
    found = replayed(Says(), after, asked)
    assert (found.before.coverage, found.before.precision) == (0.0, None)
    assert (found.after.coverage, found.after.precision) == (0.5, 0.75)


def test_what_became_worse_is_told_first_then_what_was_asked_most():
    before = Says(dict.fromkeys("abc", (Band.ANSWER, (REFUND,))))
    asked = [Asked("a"), Asked("b", 5), Asked("c", 1, "refund")]
    found = replayed(before, Says(), asked)
    assert [change.asked.text for change in found.changes] == ["c", "b", "a"]


def test_what_is_different_is_named_and_another_entrys_answer_comes_first():
    before = Says(dict.fromkeys("abc", (Band.ANSWER, (REFUND,))))
    offered = (Band.SUGGEST, (REFUND,))
    after = Says(
        {
            "a": (Band.ANSWER, (QUICK,)),
            "b": offered,
            "c": (Band.ANSWER, (RETURN,)),
            "d": (Band.ANSWER, (RETURN,)),
            "e": offered,
        }
    )
    found = replayed(before, after, [Asked(text) for text in "abcde"])
    assert [(change.asked.text, change.kind) for change in found.changes] == [
        ("c", "entry"),
        ("b", "lost"),
        ("e", "offer"),
        ("a", "words"),
        ("d", "won"),
    ]


def test_an_example_fails_where_it_does_not_come_out_as_it_must():
    after = Says({"a": (Band.ANSWER, (RETURN,)), "b": (Band.ANSWER, (REFUND,))})
    kept = [
        Example("a", "refund"),
        Example("b", "refund"),
        Example("b", "refund", must_match=False),
        Example("a", "refund", must_match=False),
        Example("a", None),
        Example("c", None),
    ]
    failed = {failure.example: failure.already for failure in check(Says(), after, kept)}
    assert failed == {kept[0]: True, kept[2]: False, kept[4]: False}
    assert [each.already for each in check(Says(), after, kept)] == [False, False, True]


VIP = Entry("vip", REFUND.question, (), {"en": "Today."}, rules=Rules(tags=("vip",)))


def both(*entries: Entry) -> Says:
    """A matcher that finds the same question in these entries."""
    says = offers("money?", *entries)
    decided = replace(says.decide("money?"), route="exact")
    says.decide = lambda _text: decided
    return says


def test_an_entry_for_some_changes_nothing_for_those_of_whom_nothing_is_known():
    asked = [Asked("money?")]
    after = both(REFUND, VIP)
    assert replayed(answers("money?", REFUND), after, asked).changes == []
    assert replayed(Says(), answers("money?", VIP), asked).changes == []


def test_an_example_is_asked_as_by_those_whom_its_entry_is_for():
    assert check(Says(), answers("money?", VIP), [Example("money?", "vip")]) == []
    assert check(Says(), both(REFUND, VIP), [Example("money?", "refund")]) == []
    assert len(check(Says(), both(REFUND, VIP), [Example("money?", "vip")])) == 1


def test_progress_hears_of_every_question():
    heard: list[int] = []
    replayed(Says(), Says(), [Asked("a"), Asked("b")], heard.append)
    check(Says(), Says(), [Example("a", None)], heard.append)
    assert heard == [1, 2, 1]
