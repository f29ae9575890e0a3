"""Train the models that ship in faq/weights.json, and say what they are worth.

Every set is a folder with `queries.dev.jsonl` and `faq.jsonl` (without it: the demo shop).
The figures printed are from models that never saw the set they are tried on; the models
written have seen them all.

    python benchmarks/faq/train.py --out faq/weights.json SET [SET ...]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from faq.calibrate import Sample, fit_confidence, fit_ranker, judge, standard, thresholds
from faq.demo import demo_entries
from faq.encoder import load
from faq.evaluate import measure
from faq.features import look_up
from faq.importer import read_jsonl_entries
from faq.index import build, cut, with_vectors
from faq.normalize import normalize
from faq.ranker import Linear, Model, Numbers, sigmoid
from faq.tokens import Tokens, shop_concepts

VERSION = "r1"
MOST_PER_SET = 500


def lookups(folder: Path) -> tuple[list[Sample], list[Sample]]:
    """Return a set's dev queries, looked up by words alone and with the encoder."""
    tokens, concepts, encoder = Tokens(), shop_concepts(), load()
    if encoder is None:
        raise SystemExit("training needs the extra `semantic`")
    path = folder / "faq.jsonl"
    entries = read_jsonl_entries(path) if path.exists() else list(demo_entries())
    number = {entry.id: at for at, entry in enumerate(entries)}
    words = build(entries, tokens, concepts)
    meaning = with_vectors(words, encoder.encode([question.text for question in words.questions]))
    queries = [json.loads(line) for line in (folder / "queries.dev.jsonl").open(encoding="utf-8")]
    queries = [query for query in queries if normalize(query["text"])]
    lexical, semantic = [], []
    for query in queries:
        question = cut(normalize(query["text"]), tokens, concepts)
        right = number.get(query["faq_id"])
        weight = 1 / len(queries)
        lexical.append(Sample(words, look_up(words, question, None), right, weight))
        semantic.append(Sample(meaning, look_up(meaning, question, encoder), right, weight))
    return lexical, semantic


def fit(sets: Sequence[list[Sample]]) -> tuple[Linear, Linear]:
    """Fit both models to some sets, each of which counts the same."""
    samples = [sample for one in sets for sample in one]
    ranker = fit_ranker(samples, standard(samples))
    return ranker, fit_confidence(judge(samples, ranker))


def try_on(samples: Sequence[Sample], ranker: Linear, model: Linear) -> tuple[Numbers, Numbers]:
    """Return the confidences and hits on a set."""
    judged = judge(samples, ranker)
    return np.asarray([sigmoid(x) for x in model(judged.clues)]), judged.right


def train(named: dict[str, list[Sample]], name: str) -> Model:
    """Train one kind of model, with thresholds from sets it had not seen."""
    blind = []
    for held, samples in named.items():
        ranker, model = fit([other for key, other in named.items() if key != held])
        confidences, right = try_on(samples, ranker, model)
        blind.append((confidences, right))
        scope = [s.entry is not None for s in samples if len(s.lookup.entries)]
        figures = measure(confidences.tolist(), right.tolist(), scope)
        print(f"{name:9}{held:22}", json.dumps({k: round(v, 3) for k, v in figures.items()}))
    ranker, model = fit(list(named.values()))
    rng = np.random.default_rng(1)
    picks = [rng.permutation(len(right))[:MOST_PER_SET] for _, right in blind]
    limits = thresholds(
        np.concatenate([c[pick] for (c, _), pick in zip(blind, picks, strict=True)]),
        np.concatenate([r[pick] for (_, r), pick in zip(blind, picks, strict=True)]),
    )
    print(name, "thresholds", {k: round(v, 3) for k, v in limits.items()})
    return Model(f"{VERSION}-{name}", ranker, model, limits)


def main() -> None:
    """Train on the folders named and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    both = {folder.name: lookups(folder) for folder in arguments.sets}
    models = {
        name: train({key: value[at] for key, value in both.items()}, name).dump()
        for at, name in enumerate(("lexical", "semantic"))
    }
    arguments.out.write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
