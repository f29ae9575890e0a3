import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from faq.config import FaqConfig
from faq.encoder import CachedEncoder, load
from faq.evaluate import (
    BadQueries,
    Query,
    calibrate,
    charts,
    judge_all,
    read_queries,
    report,
    worst,
)
from faq.hybrid import HybridMatcher
from faq.importer import read_jsonl_entries
from faq.learn import by_itself
from faq.matcher import Entry
from faq.measures import measure
from faq.ranker import shipped

SET = Path(__file__).parent / "sets" / "zh_ecom_own"
QUERIES = "queries.dev.jsonl"
SPARSE = SET.parent / "en_saas"


@pytest.fixture(scope="module")
def queries():
    return read_queries(SET / QUERIES)


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


def test_calibration_is_deterministic_and_marks_its_version(make_matcher, shop, queries):
    once = calibrate(make_matcher(shop), queries).model
    again = calibrate(make_matcher(shop), queries).model
    assert once.dump() == again.dump()
    assert once.version.endswith(("+self+own", "+self+sure"))
    limits = [once.threshold(target) for target in (0.8, 0.9, 0.95)]
    assert limits == sorted(limits)


def test_without_queries_a_base_is_fitted_by_its_own_questions(make_matcher, shop, queries):
    plain = make_matcher(shop)
    own = calibrate(plain, [])
    assert own.model.version == f"{plain.model.version}+self"
    before, after = (report(judge_all(one, queries)) for one in (plain, own))
    assert after["accuracy@1"] >= before["accuracy@1"] - 0.02


def test_a_base_of_single_questions_keeps_the_shipped_models(make_matcher):
    plain = make_matcher([Entry("a", "几点开门"), Entry("b", "怎么退货")])
    assert calibrate(plain, []).model is plain.model


def test_what_was_labelled_is_known_from_then_on(make_matcher, shop, fake_encoder):
    matcher = make_matcher(shop[:3], None, CachedEncoder(fake_encoder))
    noises = ("咔嚓咔嚓", "嘀嗒嘀嗒", "哗啦哗啦")
    taught = [
        Query(noise + "咿呀嘿"[at], entry.id)
        for noise, entry in zip(noises, shop[:3], strict=True)
        for at in range(3)
    ]
    taught += [Query("噼里啪啦", None), Query("谁也没有", "absent")]
    known = calibrate(matcher, taught)
    for noise, entry in zip(noises, shop[:3], strict=True):
        assert known.decide(noise + "呢").candidates[0].entry.id == entry.id


def test_a_few_labels_leave_the_order_as_it_was(make_matcher, shop, queries, fake_encoder):
    matcher = make_matcher(shop, None, CachedEncoder(fake_encoder))
    own, taught = calibrate(matcher, []), calibrate(matcher, queries[:60])
    assert taught.model.version == f"{own.model.version}+sure"
    for query in queries[60:90]:
        before, after = own.decide(query.text), taught.decide(query.text)
        assert [c.entry.id for c in after.candidates] == [c.entry.id for c in before.candidates]


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


def test_the_curves_are_pictures(make_matcher, shop, queries):
    drawn = charts(judge_all(make_matcher(shop), queries[:30]))
    assert set(drawn) == {"reliability.svg", "coverage.svg"}
    for picture in drawn.values():
        assert ET.fromstring(picture).tag.endswith("svg")
        assert "polyline" in picture


def test_the_worst_errors_are_the_surest_and_say_what_was_right(make_matcher, shop, queries):
    wrong = worst(judge_all(make_matcher(shop), queries))
    assert [row["confidence"] for row in wrong] == sorted(
        (row["confidence"] for row in wrong), reverse=True
    )
    assert all(row["faq_id"] != row["right"] for row in wrong)


def test_a_base_of_one_or_two_questions_an_entry_does_not_learn_to_be_rash(tokens):
    encoder = load()
    if encoder is None:
        pytest.skip("needs the extra `semantic`")
    entries, asked = read_jsonl_entries(SPARSE / "faq.jsonl"), read_queries(SPARSE / QUERIES)
    start = HybridMatcher.build(entries, FaqConfig(), tokens, CachedEncoder(encoder))
    model = by_itself(start.snapshot, start.encoder, start.model)
    learnt = start.with_models(shipped().with_one(model, semantic=True))
    before, judged = report(judge_all(start, asked)), judge_all(learnt, asked)
    wrong = [j.query.text for j in judged if j.decision.band == "answer" and not j.is_right]
    after = report(judged)
    assert wrong == []
    assert after["accuracy@1"] >= before["accuracy@1"]
    assert after["auroc"] >= before["auroc"]
