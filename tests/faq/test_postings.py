import random
from collections import Counter

import numpy as np
import pytest

from faq import postings
from faq.postings import build

RNG = random.Random(5)
TERMS = [f"t{number}" for number in range(40)]
DOCUMENTS = [Counter(RNG.choices(TERMS, k=RNG.randint(0, 12))) for _ in range(300)]
WANTED = [("t3", 0.5), ("t7", 0.25), ("unknown", 9.0), ("t11", 1.0), ("t3", 0.125)]


def weight(index: postings.Postings, row: int, term: str) -> float:
    """The weight of a term in a row, read by hand."""
    number = index.terms.get(term)
    if number is None:
        return 0.0
    span = slice(index.starts[number], index.starts[number + 1])
    return float(index.weights[span][index.rows[span] == row].sum())


@pytest.mark.parametrize("bm25", [False, True])
def test_a_score_is_the_sum_of_the_wanted_terms_weights(bm25):
    index = build(iter(DOCUMENTS), len(DOCUMENTS), bm25=bm25)
    expected = [sum(w * weight(index, row, term) for term, w in WANTED) for row in range(300)]
    assert np.allclose(index.score(WANTED), expected, atol=1e-6)


@pytest.mark.parametrize("bm25", [False, True])
def test_an_index_made_in_short_runs_is_the_same(monkeypatch, bm25):
    whole = build(iter(DOCUMENTS), len(DOCUMENTS), bm25=bm25)
    monkeypatch.setattr(postings, "RUN", 7)
    runs = build(iter(DOCUMENTS), len(DOCUMENTS), bm25=bm25)
    assert np.allclose(runs.weights, whole.weights, atol=1e-6)
    assert np.array_equal(runs.rows, whole.rows)
    assert dict(runs.terms) == dict(whole.terms)


def test_of_too_much_to_read_the_commonest_terms_are_left_out(monkeypatch):
    index = build(iter([Counter(["often"]), Counter(["often", "once"])]), 2, bm25=False)
    monkeypatch.setattr(postings, "MOST_READ", 2)
    assert (index.score([("often", 1.0), ("once", 1.0)]) > 0).tolist() == [False, True]
    monkeypatch.setattr(postings, "MOST_READ", 0)
    assert (index.score([("often", 1.0)]) > 0).tolist() == [True, True]


def test_an_unknown_term_is_not_learnt_by_asking():
    index = build(iter(DOCUMENTS), len(DOCUMENTS), bm25=True)
    index.score(WANTED)
    assert "unknown" not in index.terms
    assert index.rarity("unknown") == index.unknown_idf


@pytest.mark.parametrize("bm25", [False, True])
def test_rows_that_come_later_score_as_if_they_had_come_together(bm25):
    index = build(iter(DOCUMENTS), len(DOCUMENTS), bm25=bm25)
    late = [*DOCUMENTS[:6], Counter(["unknown", "unknown", "t3"])]
    parts = [index.weigh(late[:4], 4), index.weigh([], 0), index.weigh(late[4:], 3)]
    whole = index.with_tail([index.weigh(late, 7)]).score(WANTED)
    assert np.allclose(index.with_tail(parts).score(WANTED), whole, atol=1e-6)
    assert (len(whole), whole[300:].max() > 0) == (307, True)
