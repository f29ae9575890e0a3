"""Answers from the knowledge base, what is offered when unsure, and the customer's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from channels.message import Choice, Choices, Text
from faq.matcher import Band, Candidate, Decision, Entry
from handlers.base import Outcome, Record, Resolve, Turn
from handlers.chat.audience import Answers, decide, entry_for, words_of
from handlers.chat.dialog import Dialog
from handlers.chat.handoff import hand_over
from handlers.chat.texts import say
from handlers.chat.words import tapped, typed
from storage.models.activity import Fact

SUGGESTIONS = 3
RELATED = 3
"""How many related questions are offered after an answer."""
NOTHING_ASKED = frozenset({"empty", "small-talk"})
"""Routes of texts that ask nothing: they are no misses."""
LABEL = 60
"""How much of a question is shown to be tapped."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often in a row the bot may fail before a person is called."""

    misses: int = 2
    unsure: int = 3
    unhelpful: int = 2


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers a question, or says that it cannot."""

    answers: Answers
    patience: Patience = Patience()

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Answer, suggest, ask to rephrase, or hand over; None if nothing was asked."""
        text = typed(turn)
        if not text:
            return None
        decision = await decide(self.answers, turn, text)
        why = {"handler": "answer", **decision.explain()}
        if decision.route in NOTHING_ASKED:
            return Outcome(reply=(_ways_on("empty", turn.language),), why=why)
        match decision.band:
            case Band.ANSWER:
                return answered(turn, self.answers, decision.candidates[0].entry, why)
            case Band.SUGGEST:
                return self._suggest(turn, decision.candidates[:SUGGESTIONS], why)
            case Band.HANDOFF:
                return self._miss(turn, decision, why)

    def _suggest(self, turn: Turn, candidates: Sequence[Candidate], why: dict[str, Any]) -> Outcome:
        dialog = Dialog.of(turn)
        fact = Record(Fact.FAQ_SUGGESTED, {"entries": [c.entry.id for c in candidates]})
        if dialog.unsure + 1 >= self.patience.unsure:
            return _with(hand_over(turn, "missed"), fact, why)
        options = [choice_of(c.entry) for c in candidates]
        prompt = say("suggest", turn.language)
        return Outcome(
            reply=(Choices(prompt=prompt, options=(*options, human(turn.language))),),
            actions=(fact, replace(dialog, unsure=dialog.unsure + 1).keep()),
            why=why,
        )

    def _miss(self, turn: Turn, decision: Decision, why: dict[str, Any]) -> Outcome:
        dialog = Dialog.of(turn)
        dialog = replace(dialog, misses=dialog.misses + 1, unsure=dialog.unsure + 1)
        fact = Record(Fact.FAQ_MISSED, {"entries": [c.entry.id for c in decision.candidates]})
        if dialog.misses >= self.patience.misses or dialog.unsure >= self.patience.unsure:
            return _with(hand_over(turn, "missed"), fact, why)
        return Outcome(
            reply=(_ways_on("missed", turn.language),), actions=(fact, dialog.keep()), why=why
        )


@dataclass(frozen=True, slots=True)
class Tapping:
    """Answers what was tapped below an answer, a suggestion or the menu."""

    answers: Answers
    patience: Patience = Patience()

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Answer a chosen question, or take a verdict; None for everything else."""
        match (tapped(turn) or "").split(":", 2):
            case ["faq", *rest] if rest:
                return self._chosen(turn, ":".join(rest))
            case ["helped", "yes", entry_id]:
                return self._helped(turn, entry_id)
            case ["helped", "no", entry_id]:
                return self._not_helped(turn, entry_id)
            case _:
                return None

    def _chosen(self, turn: Turn, entry_id: str) -> Outcome:
        entry = entry_for(self.answers, turn, entry_id)
        if entry is None:
            return Outcome(reply=(Text(text=say("entry_gone", turn.language)),))
        return answered(turn, self.answers, entry, {"handler": "chosen", "entry": entry_id})

    def _helped(self, turn: Turn, entry_id: str) -> Outcome:
        return Outcome(
            reply=(Text(text=say("glad", turn.language)),),
            actions=(*self._verdict(Fact.FAQ_HELPED, entry_id), Resolve()),
            why={"handler": "helped"},
        )

    def _not_helped(self, turn: Turn, entry_id: str) -> Outcome:
        verdict = self._verdict(Fact.FAQ_NOT_HELPED, entry_id)
        dialog = Dialog.of(turn)
        dialog = replace(dialog, unhelpful=dialog.unhelpful + 1)
        if dialog.unhelpful >= self.patience.unhelpful:
            outcome = hand_over(turn, "not_helped")
            return replace(outcome, actions=(*verdict, *outcome.actions))
        return Outcome(
            reply=(_ways_on("not_helped", turn.language),),
            actions=(*verdict, dialog.keep()),
            why={"handler": "not_helped"},
        )

    def _verdict(self, fact: Fact, entry_id: str) -> tuple[Record, ...]:
        # A tap carries what its sender likes; only live entries are worth remembering.
        entry = self.answers.entry(entry_id)
        return (Record(fact, _about(entry)),) if entry else ()


def answered(turn: Turn, answers: Answers, entry: Entry, why: dict[str, Any]) -> Outcome:
    """Return the entry's answer with the question whether it helped, as one message.

    What is related to it can be tapped in the same place.
    """
    dialog = Dialog.of(turn).calm()
    found = [entry_for(answers, turn, key) for key in entry.rules.related[:RELATED]]
    related = [choice_of(each) for each in found if each is not None]
    return Outcome(
        reply=(*words_of(entry, turn), did_this_help(entry, turn.language, related)),
        actions=(Record(Fact.FAQ_ANSWERED, _about(entry)), dialog.keep()),
        why=why,
    )


def did_this_help(entry: Entry, language: str, related: Sequence[Choice] = ()) -> Choices:
    """Return the question that follows an answer."""
    return Choices(
        prompt=say("helped_or_related" if related else "helped_prompt", language),
        options=(
            Choice(value=f"helped:yes:{entry.id}", label=say("helped_yes", language)),
            Choice(value=f"helped:no:{entry.id}", label=say("helped_no", language)),
            *related,
        ),
    )


def choice_of(entry: Entry) -> Choice:
    """Return the entry's question as something to tap."""
    question = entry.question
    label = question if len(question) <= LABEL else question[: LABEL - 1] + "…"
    return Choice(value=f"faq:{entry.id}", label=label)


def human(language: str) -> Choice:
    """Return the way to a person, which is never missing."""
    return Choice(value="human", label=say("human", language))


def _ways_on(key: str, language: str) -> Choices:
    menu = Choice(value="menu", label=say("menu_label", language))
    return Choices(prompt=say(key, language), options=(menu, human(language)))


def _about(entry: Entry) -> dict[str, str]:
    return {"entry": entry.id, "version_id": entry.version_id, "kind": entry.kind}


def _with(outcome: Outcome, fact: Record, why: dict[str, Any]) -> Outcome:
    explained = {**why, **(outcome.why or {})}
    return replace(outcome, actions=(fact, *outcome.actions), why=explained)
