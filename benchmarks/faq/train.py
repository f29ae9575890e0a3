"""Train the models that ship in faq/weights.json, and say what they are worth.

Every set is a folder with `queries.dev.jsonl` and `faq.jsonl` (without it: the demo shop).
The figures printed are from models that never saw the set they are tried on; the models
written have seen them all.

    python -m benchmarks.faq.train --out faq/weights.json SET [SET ...]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faq.calibrate import Sample, fit_confidence, fit_ranker, judge, standard, thresholds
from faq.demo import demo_entries
from faq.encoder import Encoder, Vectors, load
from faq.evaluate import read_queries
from faq.features import look_up
from faq.importer import read_jsonl_entries
from faq.index import Snapshot, build, with_vectors
from faq.learn import Labelled
from faq.measures import measure
from faq.normalize import normalize
from faq.ranker import Linear, Model, Numbers, sigmoid
from faq.terms import cut
from faq.tokens import Tokens, shop_concepts

VERSION = "r3"
MOST_PER_SET = 500
TOLD = 0.3
"""What customers' own questions weigh before a base has learnt it, since nothing here votes as they
do. Learnt from their labels it was 0.5 on banking77 and 0.8 on HINT3; less is the careful side."""


class Remembering:
    """Encodes every text once."""

    def __init__(self, encoder: Encoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row per text."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def has_word(self, word: str) -> bool:
        """Say whether the encoder knows it."""
        return self._encoder.has_word(word)


@dataclass(frozen=True, slots=True)
class Set:
    """A knowledge base and labelled queries."""

    name: str
    snapshot: Snapshot
    known: list[Labelled]
    asked: list[str]
    """The known questions as they were written."""
    encoder: Encoder | None

    def samples(self) -> list[Sample]:
        """Return the queries looked up; together they weigh one."""
        weight = 1 / len(self.known)
        return [
            Sample(
                self.snapshot,
                look_up(self.snapshot, known.question, self.encoder),
                known.entry,
                weight,
            )
            for known in self.known
        ]


_shared: list[Remembering] = []


def encoder_of_all() -> Encoder:
    """Return the one encoder of this run."""
    if not _shared:
        encoder = load()
        if encoder is None:
            raise SystemExit("this needs the extra `semantic`")
        _shared.append(Remembering(encoder))
    return _shared[0]


def load_set(folder: Path, *, lexical: bool = False) -> Set:
    """Read a set and index it."""
    tokens, concepts = Tokens(), shop_concepts()
    path = folder / "faq.jsonl"
    entries = read_jsonl_entries(path) if path.exists() else list(demo_entries())
    snapshot = build(entries, tokens, concepts)
    encoder = None if lexical else encoder_of_all()
    known, asked = [], []
    for query in read_queries(folder / "queries.dev.jsonl"):
        if form := normalize(query.text):
            number = None if query.faq_id is None else snapshot.numbers.get(query.faq_id)
            known.append(Labelled(cut(form, tokens, concepts), number))
            asked.append(query.text)
    if encoder is not None:
        encoder.encode([one.question.text for one in known])
        snapshot = with_vectors(snapshot, encoder.encode(snapshot.texts))
    return Set(folder.name, snapshot, known, asked, encoder)


def fit(sets: Sequence[list[Sample]]) -> tuple[Linear, Linear]:
    """Fit both models to some sets, each of which counts the same."""
    samples = [sample for one in sets for sample in one]
    ranker = fit_ranker(samples, standard(samples))
    if "told" in (names := samples[0].lookup.names):
        ranker.weights[names.index("told")] = TOLD
    return ranker, fit_confidence(judge(samples, ranker))


def try_on(samples: Sequence[Sample], ranker: Linear, model: Linear) -> tuple[Numbers, Numbers]:
    """Return the confidences and hits on a set."""
    judged = judge(samples, ranker)
    return np.asarray([sigmoid(x) for x in model(judged.clues)]), judged.right


def train_quietly(sets: Sequence[Set]) -> Model:
    """Train on some sets; the thresholds are what the confidence says itself."""
    ranker, model = fit([one.samples() for one in sets])
    return Model("blind", ranker, model, {})


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
    models = {}
    for name in ("lexical", "semantic"):
        sets = [load_set(folder, lexical=name == "lexical") for folder in arguments.sets]
        models[name] = train({one.name: one.samples() for one in sets}, name).dump()
    arguments.out.write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
