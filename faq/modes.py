"""How an entry wants to be found: by what is meant, word for word, or by what a question holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from faq.clauses import is_negated
from faq.config import FaqConfig
from faq.encoder import CachedEncoder, Encoder
from faq.hybrid import CANDIDATES, SURE, HybridMatcher
from faq.index import Snapshot
from faq.matcher import Band, Candidate, Decision, Entry
from faq.normalize import normalize
from faq.ranker import Models
from faq.tokens import Tokens

SHORTEST = 2
"""How many characters a phrase needs to be looked for inside a question."""


class ModeMatcher:
    """Asks word for word first, then what a question contains, then what it means.

    Nothing in it changes, so threads may share it.
    """

    def __init__(self, literal: Iterable[Entry], meaning: HybridMatcher, config: FaqConfig) -> None:
        self._literal = tuple(literal)
        self._meaning = meaning
        self._config = config
        self._exact: dict[str, dict[str, Candidate]] = {}
        self._phrases: dict[str, dict[str, Candidate]] = {}
        for entry in self._literal:
            self._learn(entry)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What this matcher can answer, those that are found by what is meant first."""
        return (*self._meaning.entries, *self._literal)

    @classmethod
    def build(
        cls,
        entries: Iterable[Entry],
        config: FaqConfig,
        tokens: Tokens,
        encoder: CachedEncoder | None = None,
        models: Models | None = None,
    ) -> ModeMatcher:
        """Index the entries; with an encoder their questions are encoded where not known."""
        smart, literal = _by_mode(entries)
        return cls(literal, HybridMatcher.build(smart, config, tokens, encoder, models), config)

    @property
    def snapshot(self) -> Snapshot:
        """The index of the entries that are found by what is meant."""
        return self._meaning.snapshot

    @property
    def encoder(self) -> Encoder | None:
        """The encoder in use."""
        return self._meaning.encoder

    @property
    def models(self) -> Models:
        """The models in use."""
        return self._meaning.models

    def with_models(self, models: Models) -> ModeMatcher:
        """Return the same matcher with other models."""
        return ModeMatcher(self._literal, self._meaning.with_models(models), self._config)

    def with_meaning(self, encoder: CachedEncoder) -> ModeMatcher:
        """Return the same matcher comparing meaning too, as long as nothing was edited."""
        return ModeMatcher(self._literal, self._meaning.with_meaning(encoder), self._config)

    @property
    def is_edited(self) -> bool:
        """Say whether entries stand beside the index."""
        return self._meaning.is_edited

    def with_encoder(self, encoder: Encoder) -> ModeMatcher:
        """Return the same matcher over the same index, asking another encoder for vectors."""
        if self.snapshot.meaning is None:
            return self
        return ModeMatcher(self._literal, self._meaning.with_encoder(encoder), self._config)

    def threshold(self, entry: Entry) -> float:
        """Return from which confidence on an entry answers."""
        return self._meaning.threshold(entry)

    @property
    def late_rows(self) -> int:
        """How many questions were added since the index was built."""
        return self._meaning.late_rows

    def edited(self, changed: Iterable[Entry], gone: Collection[str]) -> ModeMatcher:
        """Return a matcher that knows some entries anew and others no more, in milliseconds."""
        smart, literal = _by_mode({entry.id: entry for entry in changed}.values())
        meant = {entry.id for entry in smart}
        stale = {*gone, *meant, *(entry.id for entry in literal)}
        kept = [entry for entry in self._literal if entry.id not in stale]
        meaning = self._meaning.edited(smart, stale - meant)
        return ModeMatcher([*kept, *literal], meaning, self._config)

    def decide(self, text: str) -> Decision:
        """Decide about one question; never raises, whatever the text."""
        decision = self._meaning.decide(text)
        if not self._exact:
            return decision
        form = normalize(text, self._config.query_chars)
        hits = list(self._exact.get(form, {}).values())
        if hits:
            also = decision.candidates if decision.route == "exact" else ()
            return _found(decision, [*hits, *also], "exact")
        if decision.route == "exact":
            return decision
        held = self._held(form)
        if not held:
            return decision
        found = _found(decision, held, "contains")
        if is_negated(text, self._config.query_chars):
            return replace(found, band=Band.SUGGEST, route="negated")
        return found

    def _learn(self, entry: Entry) -> None:
        for question in (entry.question, *entry.similar_questions):
            form = normalize(question, self._config.query_chars)
            candidate = Candidate(entry, SURE, question)
            if form:
                self._exact.setdefault(form, {}).setdefault(entry.id, candidate)
            if entry.rules.mode == "contains" and len(form) >= SHORTEST:
                self._phrases.setdefault(form, {}).setdefault(entry.id, candidate)

    def _held(self, form: str) -> list[Candidate]:
        """Return the entries of the longest phrase that a question holds."""
        apart = f" {form} "
        held = [
            phrase
            for phrase in self._phrases
            if (f" {phrase} " in apart if phrase.isascii() else phrase in form)
        ]
        return list(self._phrases[max(held, key=len)].values()) if held else []


def _by_mode(entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries that are found by what is meant, and those that are so by their words."""
    smart: list[Entry] = []
    literal: list[Entry] = []
    for entry in entries:
        (smart if entry.rules.mode == "smart" else literal).append(entry)
    return smart, literal


def _found(decision: Decision, candidates: Sequence[Candidate], route: str) -> Decision:
    confidence = SURE / len(candidates)
    shown = tuple(replace(each, score=confidence) for each in candidates[:CANDIDATES])
    band = Band.ANSWER if len(candidates) == 1 else Band.SUGGEST
    return replace(decision, band=band, confidence=confidence, candidates=shown, route=route)


def next_change(entries: Iterable[Entry], now: datetime) -> datetime | None:
    """Return when the next entry begins or ceases to apply, None if none ever does."""
    moments = (
        moment
        for entry in entries
        for moment in (entry.rules.valid_from, entry.rules.valid_to)
        if moment is not None and moment > now
    )
    return min(moments, default=None)


def admitted(decision: Decision, tags: Sequence[str], level: int, now: datetime) -> Decision:
    """Return a decision without the entries that this customer, or this moment, is not for."""
    rules = [each.entry.rules for each in decision.candidates]
    allowed = tuple(
        candidate
        for candidate, each in zip(decision.candidates, rules, strict=True)
        if each.is_valid(now) and each.admits(tags, level)
    )
    if len(allowed) == len(decision.candidates):
        return decision
    if not allowed:
        return replace(decision, band=Band.HANDOFF, confidence=0.0, candidates=(), route="withheld")
    band = decision.band
    if band is not Band.HANDOFF and allowed[0] is not decision.candidates[0]:
        band = Band.SUGGEST
    if decision.route == "exact" and len(allowed) == 1:
        band = Band.ANSWER
    return replace(decision, band=band, confidence=allowed[0].score, candidates=allowed)
