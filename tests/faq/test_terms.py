import numpy as np

from faq import terms
from faq.index import build
from faq.terms import gram_query, sketch_of, sketches
from faq.tokens import shop_concepts


def test_sketches_made_in_short_runs_are_the_same(monkeypatch, tokens, shop):
    grams = build(shop, tokens, shop_concepts()).grams
    whole = sketches(grams)
    monkeypatch.setattr(terms, "_BLOCK", 3)
    assert np.array_equal(sketches(grams), whole)


def test_a_rows_sketch_is_that_of_its_text(tokens, shop):
    snapshot = build(shop, tokens, shop_concepts())
    for row in range(0, len(snapshot.texts), 10):
        difference = sketch_of(snapshot.question(row), snapshot.grams) - snapshot.sketches[row]
        assert np.abs(difference).max() <= 1


def test_a_row_has_a_cosine_of_one_with_itself(tokens, shop):
    snapshot = build(shop, tokens, shop_concepts())
    found = snapshot.grams.score(gram_query(snapshot.question(4), snapshot.grams))
    assert abs(found[4] - 1) < 1e-5
