"""The matcher: words and meaning together, and the bands that follow from how sure it is."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from faq.ahead import Ahead
from faq.clauses import clauses, takes_back
from faq.config import FaqConfig
from faq.denials import is_negated
from faq.encoder import CachedEncoder, Encoder, Foretold
from faq.entities import contradicts, named
from faq.features import Lookup, look_up
from faq.found import CANDIDATES, Found, is_whole, merged, out_of_context
from faq.hints import Hints
from faq.index import Snapshot, build, cut_entry, with_vectors
from faq.later import Later
from faq.learn import Labelled
from faq.literal import SURE
from faq.matcher import Band, Candidate, Decision, Entry
from faq.normalize import VERSION, is_courtesy, normalize
from faq.ranker import Model, Models, rank, shipped
from faq.small_talk import small_talk
from faq.terms import cut
from faq.tokens import Concepts, Tokens, shop_concepts

ANOTHER = 0.5
"""How sure a clause must be to count as a second question of its own."""
AN_ENTRY_OF_ITS_OWN = 0.5
"""How sure an entry must be of mere manners to be asked about them."""
UNDERSTOOD = 0.25
"""The share of a question that must be shared words before words alone answer it."""
HEARD_RIGHT = 0.8
"""From this confidence nobody asks whether a text was meant to be another that is like it."""
_GUESSED = ("pinyin", "homophones", "spelling")


class HybridMatcher:
    """Answers from one snapshot; nothing in it changes, so threads may share it."""

    def __init__(
        self,
        snapshot: Snapshot,
        config: FaqConfig,
        tokens: Tokens,
        encoder: Encoder | None,
        models: Models,
        hints: Hints | None = None,
        later: Later | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._hints = hints
        self._later = later or Later(snapshot)
        self._config = config
        self._tokens = tokens
        self._encoder = encoder if snapshot.meaning is not None else None
        self._concepts: Concepts = shop_concepts()
        self._models = models

    @classmethod
    def build(
        cls,
        entries: Iterable[Entry],
        config: FaqConfig,
        tokens: Tokens,
        encoder: CachedEncoder | None = None,
        models: Models | None = None,
    ) -> HybridMatcher:
        """Index the entries; with an encoder their questions are encoded where not known."""
        snapshot = build(entries, tokens, shop_concepts(), limit=config.query_chars)
        if encoder is not None and snapshot.entries:
            texts = list(snapshot.texts)
            snapshot = with_vectors(snapshot, encoder.encode_questions(texts))
        return cls(snapshot, config, tokens, encoder, models or shipped())

    def edited(self, changed: Iterable[Entry], gone: Iterable[str]) -> HybridMatcher:
        """Return a matcher that knows some entries anew and others no more, in milliseconds.

        What was indexed stays as it is; the changed entries stand beside it. `late_rows` says how
        many questions do: past some hundreds it pays to build anew.
        """
        limit = self._config.query_chars
        parts = (cut_entry(entry, self._tokens, self._concepts, limit) for entry in changed)
        encoder = self._encoder if isinstance(self._encoder, CachedEncoder) else None
        later = self._later.edited(parts, gone, encoder)
        snapshot = later.snapshot()
        return HybridMatcher(
            snapshot, self._config, self._tokens, self._encoder, self._models, self._hints, later
        )

    def foreseeing(self, ahead: Ahead) -> HybridMatcher:
        """Return a matcher over the same index that is told beforehand what will be asked."""
        meaning = self._snapshot.meaning
        if meaning is None:
            return self
        snapshot = replace(self._snapshot, meaning=ahead.foreseeing(meaning))
        return HybridMatcher(
            snapshot, self._config, self._tokens, ahead, self._models, self._hints, self._later
        )

    def with_meaning(self, encoder: CachedEncoder) -> HybridMatcher:
        """Return a matcher over the same index that compares meaning too.

        Nothing is cut and weighed again; what was edited since it was built is not part of it.
        """
        base = self._later.base
        if base.entries:
            base = with_vectors(base, encoder.encode_questions(list(base.texts)))
        return HybridMatcher(base, self._config, self._tokens, encoder, self._models, self._hints)

    def with_models(self, models: Models, hints: Hints | None = None) -> HybridMatcher:
        """Return the same matcher with other models, and questions whose answer is known."""
        return HybridMatcher(
            self._snapshot, self._config, self._tokens, self._encoder, models, hints, self._later
        )

    def labelled(self, known: Iterable[tuple[str, str | None]]) -> list[Labelled]:
        """Return questions with the ids of their entries as they are learnt from.

        Those without words are left out, and those of an entry that is not here.
        """
        numbers = self._snapshot.numbers
        found = []
        for text, key in known:
            form = normalize(text, self._config.query_chars)
            if form and (key is None or key in numbers):
                question = cut(form, self._tokens, self._concepts)
                found.append(Labelled(question, None if key is None else numbers[key]))
        return found

    @property
    def late_rows(self) -> int:
        """How many questions were added since the index was built."""
        return len(self._snapshot.raw) - len(self._later.base.raw)

    @property
    def is_edited(self) -> bool:
        """Say whether anything was added or dropped since the index was built."""
        return self._snapshot.dead != self._later.base.dead or self.late_rows > 0

    @property
    def encoder(self) -> Encoder | None:
        """The encoder in use."""
        return self._encoder

    @property
    def models(self) -> Models:
        """The models in use."""
        return self._models

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What this matcher can answer."""
        return self._snapshot.live

    @property
    def snapshot(self) -> Snapshot:
        """The index it looks up in."""
        return self._snapshot

    @property
    def model(self) -> Model:
        """The model in use."""
        return self._models.lexical if self._encoder is None else self._models.semantic

    @property
    def version(self) -> str:
        """Name what made a decision: the normalisation and the model."""
        return f"{VERSION}/{self.model.version}"

    def decide(self, text: str) -> Decision:
        """Decide about one question; never raises, whatever the text."""
        return self.traced(text)[0]

    def traced(self, text: str) -> tuple[Decision, list[Lookup]]:
        """Decide about one question, and return all that was looked up for it."""
        started, looks = time.thread_time(), list[Lookup]()
        try:
            band, confidence, candidates, route, form = self._decide(text, looks)
            said = (look.question.words for look in looks if look.question.text == form)
            words = next(said, None) or tuple(self._tokens.words(form))
        except Exception:  # noqa: BLE001 - a customer's text must never stop a conversation
            band, confidence, candidates, route, form = Band.HANDOFF, 0.0, (), "error", ""
            words = ()
        spent = (time.thread_time() - started) * 1000
        decision = Decision(band, confidence, candidates, route, form, words, spent, self.version)
        return decision, looks

    def _decide(
        self, text: str, looks: list[Lookup]
    ) -> tuple[Band, float, tuple[Candidate, ...], str, str]:
        form = normalize(text, self._config.query_chars)
        if not form:
            return Band.HANDOFF, 0.0, (), "empty", form
        exact = self._snapshot.exact(form)
        if exact:
            return *self._exact(exact, form), "exact", form
        ranked = self._ranked(text, form, looks)
        if ranked[1] < AN_ENTRY_OF_ITS_OWN and (small_talk(text) or is_courtesy(text)):
            return Band.HANDOFF, 0.0, (), "small-talk", form
        return *ranked, form

    def _exact(
        self, numbers: tuple[int, ...], form: str
    ) -> tuple[Band, float, tuple[Candidate, ...]]:
        confidence = SURE / len(numbers)
        candidates = tuple(
            Candidate(self._snapshot.entries[number], confidence, self._raw(number, form))
            for number in numbers[:CANDIDATES]
        )
        return Band.ANSWER if len(numbers) == 1 else Band.SUGGEST, confidence, candidates

    def _raw(self, number: int, form: str) -> str:
        rows = range(self._snapshot.rows_of[number], self._snapshot.rows_of[number + 1])
        return next(
            (self._snapshot.raw[row] for row in rows if self._snapshot.texts[row] == form),
            self._snapshot.entries[number].question,
        )

    def _ranked(
        self, text: str, form: str, looks: list[Lookup]
    ) -> tuple[Band, float, tuple[Candidate, ...], str]:
        route, found = self._readings(text, form, looks)
        if not found:
            return Band.HANDOFF, 0.0, (), "unknown"
        candidates = merged(self._snapshot, found)
        band = self._band(found, candidates)
        if band is Band.ANSWER and self._is_negated(text, candidates[0]):
            band, route = Band.SUGGEST, "negated"
        if band is Band.ANSWER and self._names_another(form, found[0].first):
            band, route = Band.SUGGEST, "entity"
        return band, candidates[0].score, candidates, route

    def _readings(self, text: str, form: str, looks: list[Lookup]) -> tuple[str, list[Found]]:
        """Look a text up in every way it can be read, the surest first, and name the way."""
        parts = clauses(text, form, self._config.query_chars)
        whole, *alone = self._look([form, *parts], looks)
        found, is_one = {"ranked": [whole]}, False
        if parts:
            found["clauses"] = alone
            if not takes_back(text, self._config.query_chars):
                is_one, found["clauses"] = is_whole(whole, parts), out_of_context(alone)
        elif whole.ranking.confidence < HEARD_RIGHT:
            heard = self._heard(form)
            others = zip(heard, self._look(list(heard.values()), looks), strict=True)
            found |= {way: [other] for way, other in others}
        known = [(way, one) for way, all_ in found.items() for one in all_ if one.ranking.order]
        known.sort(key=lambda pair: (is_one and pair[1] is not whole, -pair[1].standing))
        route = next(iter(reversed(found)))
        if route in _GUESSED:
            route = known[0][0] if known else "ranked"
        return route, [one for _, one in known]

    def _heard(self, form: str) -> dict[str, str]:
        """Return what a text may have been meant to be, by its sound or its spelling."""
        sounds = self._snapshot.sounds
        heard = sounds.from_pinyin(form)
        if heard is not None:
            return {"pinyin": heard}
        ways = {"homophones": sounds.corrected(form)}
        if self._encoder is not None:
            ways["spelling"] = self._snapshot.spelling.corrected(form, self._encoder.has_word)
        return {way: other for way, other in ways.items() if other != form}

    def _look(self, forms: Sequence[str], looks: list[Lookup]) -> list[Found]:
        encoder, found = self._encoder, []
        if encoder is not None and len(forms) > 1:
            encoder = Foretold(encoder, forms)
        for form in forms:
            question = cut(form, self._tokens, self._concepts)
            look = look_up(self._snapshot, question, encoder, self._hints)
            looks.append(look)
            found.append(Found(look, rank(self._snapshot, look, self._models.of(look))))
        return found

    def _band(self, found: list[Found], candidates: tuple[Candidate, ...]) -> Band:
        confidence = candidates[0].score
        if confidence < self._config.suggest_threshold:
            return Band.HANDOFF
        if confidence < self.threshold(candidates[0].entry) or found[0].ranking.is_tied:
            return Band.SUGGEST
        if self._encoder is None and candidates[0].parts["covers_query"] < UNDERSTOOD:
            return Band.SUGGEST
        asked = {one.first for one in found if one.ranking.confidence >= ANOTHER}
        return Band.ANSWER if len(asked) <= 1 else Band.SUGGEST

    def threshold(self, entry: Entry) -> float:
        """Return from which confidence on an entry answers."""
        limit = self._config.threshold(entry)
        return self.model.threshold(self._config.target(entry)) if limit is None else limit

    def _names_another(self, form: str, number: int) -> bool:
        rows = range(*self._snapshot.rows_of[number : number + 2].tolist())
        return contradicts(named(form), (self._snapshot.texts[row] for row in rows))

    def _is_negated(self, text: str, first: Candidate) -> bool:
        return is_negated(text, self._config.query_chars) and not is_negated(first.matched)
