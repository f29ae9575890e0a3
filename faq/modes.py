"""How an entry wants to be found: by what is meant, word for word, or by what a question holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from faq.ahead import Ahead
from faq.config import FaqConfig
from faq.denials import is_negated
from faq.encoder import CachedEncoder, Encoder
from faq.features import Lookup
from faq.found import CANDIDATES
from faq.hints import Hints
from faq.hybrid import HybridMatcher
from faq.index import Snapshot
from faq.learn import Labelled
from faq.literal import SURE, Literal
from faq.matcher import Band, Candidate, Decision, Entry
from faq.normalize import normalize
from faq.ranker import Models
from faq.tokens import Tokens
from storage.rules import Rules

NEAR = 0.05
"""From this score an entry is worth offering where a better one is not for this customer."""


class ModeMatcher:
    """Asks word for word first, then what a question contains, then what it means.

    Nothing in it changes, so threads may share it.
    """

    def __init__(self, literal: Literal, meaning: HybridMatcher, config: FaqConfig) -> None:
        self._literal = literal
        self._meaning = meaning
        self._config = config

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
        known = tuple(entries)
        smart = [entry for entry in known if entry.rules.mode == "smart"]
        literal = Literal(config.query_chars).edited(known, ())
        return cls(literal, HybridMatcher.build(smart, config, tokens, encoder, models), config)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What this matcher can answer; put together when it is asked for."""
        return (*self._meaning.entries, *self._literal.entries.values())

    @property
    def snapshot(self) -> Snapshot:
        """The index of the entries that are found by what is meant."""
        return self._meaning.snapshot

    @property
    def literal(self) -> Literal:
        """The entries that are found word for word, or by what a question holds."""
        return self._literal

    @property
    def encoder(self) -> Encoder | None:
        """The encoder in use."""
        return self._meaning.encoder

    @property
    def models(self) -> Models:
        """The models in use."""
        return self._meaning.models

    @property
    def query_chars(self) -> int:
        """How much of a long message is matched."""
        return self._config.query_chars

    def with_models(self, models: Models, hints: Hints | None = None) -> ModeMatcher:
        """Return the same matcher with other models, and questions whose answer is known."""
        return ModeMatcher(self._literal, self._meaning.with_models(models, hints), self._config)

    def labelled(self, known: Iterable[tuple[str, str | None]]) -> list[Labelled]:
        """Return questions with their entries as they are learnt from."""
        return self._meaning.labelled(known)

    def foreseeing(self, ahead: Ahead) -> ModeMatcher:
        """Return the same matcher over the same index, told beforehand what will be asked."""
        return ModeMatcher(self._literal, self._meaning.foreseeing(ahead), self._config)

    def with_meaning(self, encoder: CachedEncoder) -> ModeMatcher:
        """Return the same matcher comparing meaning too, as long as nothing was edited."""
        return ModeMatcher(self._literal, self._meaning.with_meaning(encoder), self._config)

    @property
    def is_edited(self) -> bool:
        """Say whether entries stand beside the index."""
        return self._meaning.is_edited

    def threshold(self, entry: Entry) -> float:
        """Return from which confidence on an entry answers."""
        return self._meaning.threshold(entry)

    @property
    def late_rows(self) -> int:
        """How many questions were added since the index was built."""
        return self._meaning.late_rows

    def edited(self, changed: Iterable[Entry], gone: Collection[str]) -> ModeMatcher:
        """Return a matcher that knows some entries anew and others no more, in milliseconds."""
        new = {entry.id: entry for entry in changed}
        smart = [entry for entry in new.values() if entry.rules.mode == "smart"]
        meaning = self._meaning.edited(smart, {*gone, *new} - {entry.id for entry in smart})
        literal = self._literal.edited(new.values(), {*gone, *new})
        return ModeMatcher(literal, meaning, self._config)

    def decide(self, text: str) -> Decision:
        """Decide about one question; never raises, whatever the text."""
        return self._word_for_word(text, self._meaning.decide(text))

    def traced(self, text: str) -> tuple[Decision, list[Lookup]]:
        """Decide about one question, and return all that was looked up for it."""
        decision, looks = self._meaning.traced(text)
        return self._word_for_word(text, decision), looks

    def _word_for_word(self, text: str, decision: Decision) -> Decision:
        if not self._literal.exact:
            return decision
        form = normalize(text, self._config.query_chars)
        hits = self._literal.said(form)
        if hits:
            also = decision.candidates if decision.route == "exact" else ()
            return _found(decision, [*hits, *also], "exact")
        if decision.route == "exact":
            return decision
        held = self._literal.held(form)
        if not held:
            return decision
        found = _found(decision, held, "contains")
        if is_negated(text, self._config.query_chars):
            return replace(found, band=Band.SUGGEST, route="negated")
        return found


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
    return _left(decision, lambda rules: rules.is_valid(now) and rules.admits(tags, level))


def meant_for(decision: Decision, who: Rules) -> Decision:
    """Return a decision without the entries that are not for customers whom an entry is for."""
    return _left(decision, lambda rules: rules.admits(who.tags, who.level))


def _left(decision: Decision, stays: Callable[[Rules], bool]) -> Decision:
    allowed = tuple(each for each in decision.candidates if stays(each.entry.rules))
    if len(allowed) == len(decision.candidates):
        return decision
    if not allowed:
        return replace(decision, band=Band.HANDOFF, confidence=0.0, candidates=(), route="withheld")
    band, route = decision.band, decision.route
    if band is not Band.HANDOFF and allowed[0] is not decision.candidates[0]:
        band = Band.SUGGEST
        if allowed[0].score < NEAR:
            band, route = Band.HANDOFF, "withheld"
    if decision.route == "exact" and len(allowed) == 1:
        band = Band.ANSWER
    return replace(
        decision, band=band, confidence=allowed[0].score, candidates=allowed, route=route
    )
