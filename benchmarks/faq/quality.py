"""What the matcher is worth on labelled sets: `python -m benchmarks.faq.quality SET SET [...]`.

A set is a folder with `queries.dev.jsonl` and `faq.jsonl` (without it: the demo shop). The models
to start from are trained on the other sets named, never on the one that is measured. Lines:

- `WRatio`, `TF-IDF`, `BM25`, `encoder`: what each of them alone would answer; so do `bm25s` and
  `tantivy`, over the same words, where the extra `bench` is installed;
- `shipped`: taken as they are;
- `itself`: fitted to the base's own questions, without labels;
- `labels`: fitted to the labelled queries too, measured on a fifth that was left out, five times.

The last three decide as the service does: clauses, pinyin, misspellings, small talk and all.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from benchmarks.faq.train import Set, load_set, train_quietly
from faq.calibrate import FOLDS, fold
from faq.config import FaqConfig
from faq.hints import Hints
from faq.hybrid import HybridMatcher
from faq.learn import Labelled, by_itself, by_labels
from faq.measures import measure
from faq.ranker import Model, shipped
from faq.terms import Question, gram_query, word_query
from faq.tokens import Tokens

SHOWN = ("accuracy@1", "recall@3", "auroc", "coverage@p90", "coverage@p95", "ece")


Scorer = Callable[[Question], NDArray[np.float32]]


class Tally:
    """The decisions on one set."""

    def __init__(self) -> None:
        self.confidence: list[float] = []
        self.right: list[bool] = []
        self.third: list[bool] = []
        self.inside: list[bool] = []

    def add_scores(self, known: Labelled, scores: NDArray[np.float32]) -> None:
        """Take a baseline's score of every entry; the highest is its answer and its confidence."""
        order = np.argsort(-scores, kind="stable")[:3].tolist()
        self._note(known, order, float(np.clip(scores[order[0]], 0, 1)))

    def add(self, matcher: HybridMatcher, known: Labelled, text: str) -> None:
        """Decide about one query as the service does."""
        decision = matcher.decide(text)
        numbers = matcher.snapshot.numbers
        order = [numbers[candidate.entry.id] for candidate in decision.candidates]
        self._note(known, order, decision.confidence)

    def _note(self, known: Labelled, order: list[int], confidence: float) -> None:
        self.confidence.append(confidence)
        self.right.append(known.entry is not None and order[:1] == [known.entry])
        self.third.append(known.entry is not None and known.entry in order[:3])
        self.inside.append(known.entry is not None)

    def line(self) -> str:
        """Return the figures in per cent."""
        figures = measure(self.confidence, self.right, self.inside)
        figures["recall@3"] = float(np.asarray(self.third)[np.asarray(self.inside)].mean())
        return "".join(f"{100 * figures[name]:8.1f}" for name in SHOWN)


def tally(one: Set, model: Model) -> Tally:
    """Measure one model on all queries of a set."""
    found, matcher = Tally(), matcher_of(one, model, None)
    for known, text in zip(one.known, one.asked, strict=True):
        found.add(matcher, known, text)
    return found


def matcher_of(one: Set, model: Model, hints: Hints | None) -> HybridMatcher:
    """Return what would serve customers of this set."""
    models = shipped().with_one(model, semantic=one.encoder is not None)
    return HybridMatcher(one.snapshot, FaqConfig(), Tokens(), one.encoder, models, hints)


def baselines(one: Set) -> dict[str, Scorer]:
    """Return what others would do: each scores every row, and an entry is its best row."""
    snapshot, encoder = one.snapshot, one.encoder
    texts = list(snapshot.texts)
    scorers: dict[str, Scorer] = {
        "WRatio": lambda q: (
            np.asarray(cdist([q.text], texts, scorer=fuzz.WRatio)[0], np.float32) / 100
        ),
        "TF-IDF": lambda q: snapshot.grams.score(gram_query(q, snapshot.grams)),
        "BM25": lambda q: snapshot.words.score(word_query(q, snapshot.words)),
    }
    meaning = snapshot.meaning
    if encoder is not None and meaning is not None:
        scorers["encoder"] = lambda q: meaning.take(everything) @ encoder.encode([q.text])[0]
    everything = np.arange(len(texts))
    for name, made in (("bm25s", by_bm25s), ("tantivy", by_tantivy)):
        if importlib.util.find_spec(name) is None:
            print(f"{one.name:22}{name:10} is not installed (the extra `bench`)", flush=True)
        else:
            scorers[name] = made([snapshot.question(row).words for row in everything.tolist()])
    return scorers


def by_bm25s(documents: Sequence[Sequence[str]]) -> Scorer:
    """Return what bm25s scores, over words that are cut already."""
    index: Any = importlib.import_module("bm25s").BM25()
    index.index([list(words) for words in documents], show_progress=False)
    nothing = np.zeros(len(documents), np.float32)

    def score(question: Question) -> NDArray[np.float32]:
        return index.get_scores(list(question.words)) if question.words else nothing

    return score


def by_tantivy(documents: Sequence[Sequence[str]]) -> Scorer:
    """Return what tantivy scores, over words that are cut already."""
    tantivy: Any = importlib.import_module("tantivy")
    made = tantivy.SchemaBuilder()
    made.add_text_field("words", tokenizer_name="whitespace")
    made.add_integer_field("row", stored=True)
    schema = made.build()
    index = tantivy.Index(schema)
    writer = index.writer(15_000_000, 1)
    for row, words in enumerate(documents):
        writer.add_document(tantivy.Document(words=" ".join(words), row=row))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def score(question: Question) -> NDArray[np.float32]:
        found = np.zeros(len(documents), np.float32)
        wanted = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "words", word))
            for word in question.words
        ]
        if wanted:
            query = tantivy.Query.boolean_query(wanted)
            for value, address in searcher.search(query, limit=len(documents)).hits:
                found[searcher.doc(address)["row"][0]] = value
        return found

    return score


def tally_baseline(one: Set, score: Scorer) -> Tally:
    """Measure a baseline on all queries of a set."""
    found = Tally()
    starts = one.snapshot.rows_of[:-1]
    for known in one.known:
        found.add_scores(known, np.maximum.reduceat(score(known.question), starts))
    return found


def with_labels(one: Set, start: Model) -> Tally:
    """Measure models fitted to four fifths of the queries on the last fifth, in turn."""
    found = Tally()
    folds = [fold("held " + known.question.text) for known in one.known]
    for number in range(FOLDS):
        seen = [k for k, at in zip(one.known, folds, strict=True) if at != number]
        matcher = matcher_of(one, *by_labels(one.snapshot, one.encoder, seen, start))
        for known, text, at in zip(one.known, one.asked, folds, strict=True):
            if at == number:
                found.add(matcher, known, text)
    return found


def compare(sets: Sequence[Set]) -> None:
    """Print a line for each set and each way to learn."""
    print(f"{'':32}" + "".join(f"{name.replace('coverage', 'c')[:7]:>8}" for name in SHOWN))
    for one in sets:
        for name, score in baselines(one).items():
            print(f"{one.name:22}{name:10}{tally_baseline(one, score).line()}", flush=True)
        start = train_quietly([other for other in sets if other is not one])
        print(f"{one.name:22}{'shipped':10}{tally(one, start).line()}", flush=True)
        own = by_itself(one.snapshot, one.encoder, start)
        print(f"{one.name:22}{'itself':10}{tally(one, own).line()}", flush=True)
        print(f"{one.name:22}{'labels':10}{with_labels(one, own).line()}", flush=True)


def main() -> None:
    """Measure the folders named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--lexical", action="store_true", help="without the sentence encoder")
    arguments = parser.parse_args()
    if len(arguments.sets) == 1:
        parser.error("name two sets at least: the models to start from learn the others")
    compare([load_set(folder, lexical=arguments.lexical) for folder in arguments.sets])


if __name__ == "__main__":
    main()
