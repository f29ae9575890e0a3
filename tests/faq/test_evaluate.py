import json
from pathlib import Path

import pytest

from faq.config import FaqConfig
from faq.evaluate import BadQueries, Query, calibrate, judge_all, measure, read_queries, report

SET = Path(__file__).parent / "sets" / "zh_ecom_own"


@pytest.fixture(scope="module")
def queries():
    return read_queries(SET / "queries.dev.jsonl")


def test_words_alone_reach_the_floor_on_our_own_set(make_matcher, shop, queries):
    figures = report(judge_all(make_matcher(shop), queries))
    assert figures["accuracy@1"] >= 0.75
    assert figures["recall@3"] >= 0.88
    assert figures["auroc"] >= 0.80
    assert figures["answer_precision"] >= 0.85


def test_no_denied_wish_is_answered(make_matcher, shop, queries):
    denied = [query for query in queries if query.kind == "neg"]
    judged = judge_all(make_matcher(shop), denied)
    assert [j.query.text for j in judged if j.decision.band == "answer" and not j.is_right] == []


def test_predictions_are_plain_lines(make_matcher, shop, queries):
    (judged,) = judge_all(make_matcher(shop), queries[:1])
    line = json.loads(json.dumps(judged.line()))
    assert set(line) == {"text", "faq_id", "confidence", "band", "candidates", "cpu_ms"}
    assert line["candidates"][0][0] == line["faq_id"]


def test_nothing_to_say_is_a_line_without_an_entry(make_matcher, shop):
    (judged,) = judge_all(make_matcher(shop), [Query("？？", None)])
    assert (judged.line()["faq_id"], judged.line()["candidates"]) == (None, [])


def test_calibration_is_deterministic_and_marks_its_version(make_matcher, shop, queries, tokens):
    once = calibrate(shop, queries, FaqConfig(), tokens, None)
    again = calibrate(shop, queries, FaqConfig(), tokens, None)
    assert once.lexical.dump() == again.lexical.dump()
    assert once.lexical.version.endswith("+own")
    limits = [once.lexical.threshold(target) for target in (0.8, 0.9, 0.95)]
    assert limits == sorted(limits)


def test_calibration_without_queries_changes_nothing(shop, tokens):
    models = calibrate(shop, [], FaqConfig(), tokens, None)
    assert not models.lexical.version.endswith("+own")


def test_perfect_confidence_measures_as_perfect():
    figures = measure([0.99, 0.99, 0.01], [True, True, False], [True, True, False])
    assert figures["accuracy@1"] == figures["auroc"] == figures["coverage@p95"] == 1.0
    assert figures["ece"] == pytest.approx(0.01)


def test_equal_confidences_are_covered_together_or_not_at_all():
    figures = measure([0.9, 0.9], [True, False], [True, True])
    assert figures["coverage@p90"] == 0.0


def test_an_empty_set_measures_as_nothing(make_matcher, shop):
    assert report(judge_all(make_matcher(shop), []))["accuracy@1"] == 0.0


@pytest.mark.parametrize("line", ["{", '{"faq_id": "a"}', "[]", "3"])
def test_a_bad_line_of_queries_is_named(tmp_path, line):
    path = tmp_path / "q.jsonl"
    path.write_text('{"text": "a", "faq_id": 7}\n\n' + line)
    with pytest.raises(BadQueries, match="line 3"):
        read_queries(path)
