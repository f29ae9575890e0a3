"""Forms in a chat: what they ask, one thing at a time, and how an answer is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from channels.message import Choice, Choices, Part, Text
from channels.text import NUMBER
from handlers.chat.texts import say
from handlers.chat.words import plain

LONGEST = 2000
"""How much of an answer is kept."""
_NO_ANSWER = """
没有|没|无|跳过|略|没有订单|没有订单号|无订单号|不知道|不清楚|不记得|忘了|忘记了|不记得了|找不到|没有了|暂无
none|no|skip|n/a|na|nope|unknown|i don't know|don't know|no order|no order number|i don't have one
"""
NONE = frozenset(_NO_ANSWER.strip().replace("\n", "|").split("|"))
"""What people write who have no answer to an optional question."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing a form asks: the text that asks it, and what can be tapped.

    `shortest` is how long an answer must be to mean something; with `choices` every other
    answer counts as the last choice, and the customer's own words are kept beside it.
    """

    name: str
    text: str
    choices: Mapping[str, tuple[str, ...]] | None = None
    optional: bool = False
    shortest: int = 1


@dataclass(frozen=True, slots=True)
class Form:
    """A number of questions; the name holds its version, so that old answers are not misread."""

    name: str
    questions: tuple[Question, ...]

    def open_question(self, fields: Mapping[str, str]) -> Question | None:
        """Return the first question that has no answer yet."""
        return next((q for q in self.questions if q.name not in fields), None)


def ask(question: Question, language: str) -> tuple[Part, ...]:
    """Return the question as something to say."""
    prompt = say(question.text, language)
    if question.choices:
        options = tuple(
            Choice(value=f"form:{question.name}:{name}", label=say(f"wish_{name}", language))
            for name in question.choices
        )
        return (Choices(prompt=prompt, options=options),)
    if question.optional:
        skip = Choice(value=f"form:{question.name}:skip", label=say("form_skip", language))
        return (Choices(prompt=prompt, options=(skip,)),)
    return (Text(text=prompt),)


def understand(question: Question, text: str, value: str | None) -> dict[str, str] | None:
    """Return what an answer fills in (an empty string where it was skipped), or None."""
    if value is not None:
        return _tapped(question, value)
    if question.optional and plain(text) in NONE:
        return {question.name: ""}
    said = text.strip()[:LONGEST]
    if len(plain(said)) < question.shortest:
        return None
    if question.choices is None:
        return {question.name: said}
    if NUMBER.fullmatch(plain(said)):
        return None  # a number that stands before no choice is a slip, no wish
    chosen = _chosen(question.choices, plain(said))
    return {question.name: chosen, f"{question.name}_words": said}


def is_cut(text: str) -> bool:
    """Say whether an answer is longer than what is kept."""
    return len(text.strip()) > LONGEST


def _tapped(question: Question, value: str) -> dict[str, str] | None:
    name, _, chosen = value.removeprefix("form:").partition(":")
    if name != question.name:
        return None
    if question.optional and chosen == "skip":
        return {name: ""}
    return {name: chosen} if question.choices and chosen in question.choices else None


def _chosen(choices: Mapping[str, tuple[str, ...]], said: str) -> str:
    for name, words in choices.items():
        if any(word in said for word in words):
            return name
    return list(choices)[-1]
