from itertools import pairwise

import pytest

from faq.encoder import CachedEncoder
from faq.features import Hidden, look_up
from faq.learn import by_labels, hints_of
from faq.ranker import rank, shipped

ASKED = "我那个包裹现在到哪里了呀"


@pytest.fixture
def matcher(make_matcher, shop, fake_encoder):
    return make_matcher(shop, None, CachedEncoder(fake_encoder))


def told(matcher, hints, text, hidden=None):
    """What customers' questions say for each candidate of a text."""
    (known,) = matcher.labelled([(text, None)])
    look = look_up(matcher.snapshot, known.question, matcher.encoder, hints, hidden or Hidden())
    ids = [matcher.snapshot.entries[number].id for number in look.entries.tolist()]
    return dict(zip(ids, look.table[:, look.names.index("told")].tolist(), strict=True))


def test_what_customers_asked_is_counted_apart_from_what_is_listed(matcher):
    known = matcher.labelled([(f"{ASKED}？快点", "coupon_use")])
    hints = hints_of(matcher.snapshot, matcher.encoder, known)
    votes = told(matcher, hints, ASKED)
    assert votes["coupon_use"] == max(votes.values()) > 0.3
    assert [key for key, value in votes.items() if value] == ["coupon_use"]
    assert set(told(matcher, None, ASKED).values()) == {0.0}


def test_a_question_does_not_vote_for_itself_while_it_is_learnt_from(matcher):
    hints = hints_of(matcher.snapshot, matcher.encoder, matcher.labelled([(ASKED, "coupon_use")]))
    assert told(matcher, hints, ASKED)["coupon_use"] > 0.3
    assert not any(told(matcher, hints, ASKED, Hidden(same_hint=True)).values())


def test_customers_are_believed_where_they_mean_another_entry_than_is_listed(matcher, shop):
    """They ask with one entry's words for the next entry, always."""
    meant = [(one.question, after.id) for one, after in pairwise([*shop, shop[0]])]
    ways = ("请问{}呀", "{}啊亲", "想问{}呢", "我想知道{}")
    known = matcher.labelled((way.format(question), key) for question, key in meant for way in ways)
    start = shipped().semantic
    model, hints = by_labels(matcher.snapshot, matcher.encoder, known, start)
    column = look_up(matcher.snapshot, known[0].question, matcher.encoder).names.index("told")
    assert hints is not None
    assert model.ranker.weights[column] > start.ranker.weights[column] + 0.3
    right = 0
    for one in matcher.labelled((f"劳驾{question}", key) for question, key in meant):
        look = look_up(matcher.snapshot, one.question, matcher.encoder, hints)
        first = rank(matcher.snapshot, look, model).order[0]
        right += int(look.entries[first]) == one.entry
    assert right >= len(shop) * 0.9
