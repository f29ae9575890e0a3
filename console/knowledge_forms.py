"""An entry of the knowledge base as a form, there and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from console.answer_files import MOST, form_fields, named
from console.i18n import mark
from console.knowledge_diff import KINDS
from console.knowledge_views import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    SIMILAR_LIMIT,
    Entry,
    folded,
)
from console.rehearsal_views import moment_of
from faq.entries import CATEGORY_CHARS
from faq.normalize import normalize
from faq.rule_fields import EXAMPLES, HIGHEST_LEVEL, TAG_CHARS, TAGS
from storage.knowledge import Content
from storage.rules import MODES, RISKS, Attachment, Mode, Risk, Rules
from storage.zone import ZONE

RELATED = ("related_1", "related_2", "related_3")
DEEPEST = 8
"""How many levels a category's path can have."""
_ANSWER = re.compile(r"answer_([a-z]{2,3}(?:-[A-Za-z]{2,8})?(?:@[a-z]{2,20})?)")


def form_of(entry: Entry, questions: Mapping[str, str]) -> dict[str, str]:
    """Return an entry as its form holds it; `questions` of related entries by their keys."""
    content, rules = entry.content, entry.content.rules
    related = [questions.get(key, key) for key in rules.related]
    return {
        "question": content.question,
        "similar": "\n".join(content.similar_questions),
        **{f"answer_{code}": text for code, text in content.answers.items()},
        "kind": content.kind,
        "category": content.category,
        "mode": rules.mode,
        "risk": rules.risk,
        "valid_from": _field(rules.valid_from),
        "valid_to": _field(rules.valid_to),
        "tags": ", ".join(rules.tags),
        "level": str(rules.level or ""),
        **dict(zip(RELATED, related, strict=False)),
        "must_match": "\n".join(rules.must_match),
        "must_not_match": "\n".join(rules.must_not_match),
        **form_fields(rules.files),
    }


def _field(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M}"


def read_content(
    given: Mapping[str, str],
    keys: Mapping[str, str] | None = None,
    files: Sequence[Attachment] = (),
) -> tuple[Content | None, dict[str, str]]:
    """Return what an editor's form says, or what is wrong with it, field by field.

    `keys` are those of all entries, by their folded questions; `files` those that it names.
    """
    question = " ".join(given.get("question", "").split())
    similar = [line for line in _lines(given, "similar") if folded(line) != folded(question)]
    answers = {
        found.group(1): text.strip()
        for name, text in given.items()
        if (found := _ANSWER.fullmatch(name))
    }
    wrong = _wrong(question, similar, answers, given)
    rules = _read_rules(given, keys or {}, wrong)
    if len(files) < len(named(given)):
        wrong["files"] = mark("A file is not there any more. Attach it again.")
    if len(files) > MOST:
        wrong["files"] = mark("At most 10 files.")
    if wrong:
        return None, wrong
    said = {code: text for code, text in answers.items() if text}
    kind, category = given.get("kind", "other"), category_of(given.get("category", ""))
    rules = replace(rules, files=tuple(files))
    return Content(question, tuple(similar), said, kind, category, rules), {}


def category_of(given: str) -> str:
    """Return a category's path in its one form: no blanks around, no empty level."""
    levels = [" ".join(level.split()) for level in given.replace("／", "/").split("/")]
    return "/".join([level for level in levels if level][:DEEPEST])[:CATEGORY_CHARS].rstrip("/")


def _lines(given: Mapping[str, str], name: str) -> list[str]:
    """Return the lines of a field, each once, the first spelling of each."""
    lines = [" ".join(line.split()) for line in given.get(name, "").splitlines()]
    return list({folded(line): line for line in reversed(lines) if line}.values())[::-1]


def _wrong(
    question: str, similar: Sequence[str], answers: Mapping[str, str], given: Mapping[str, str]
) -> dict[str, str]:
    wrong = _wrong_questions(question, similar, given)
    if not any(text for code, text in answers.items() if "@" not in code):
        wrong["answer_zh"] = mark("Write an answer in at least one language.")
    for code, text in answers.items():
        if len(text) > ANSWER_LIMIT:
            wrong[f"answer_{code}"] = mark("An answer has at most 10,000 characters.")
    if given.get("kind", "") not in KINDS:
        wrong["kind"] = mark("Choose one of the six kinds.")
    return wrong


def _wrong_questions(
    question: str, similar: Sequence[str], given: Mapping[str, str]
) -> dict[str, str]:
    wrong = {}
    if not normalize(question):
        wrong["question"] = mark("Write the question that customers ask.")
    elif len(question) > QUESTION_LIMIT:
        wrong["question"] = mark("A question has at most 500 characters.")
    if len(similar) > SIMILAR_LIMIT or any(len(q) > QUESTION_LIMIT for q in similar):
        wrong["similar"] = mark("At most 500 questions of at most 500 characters each.")
    for name in ("must_match", "must_not_match"):
        lines = _lines(given, name)
        if len(lines) > EXAMPLES or any(len(line) > QUESTION_LIMIT for line in lines):
            wrong[name] = mark("At most 50 examples of at most 500 characters each.")
    return wrong


def _read_rules(given: Mapping[str, str], keys: Mapping[str, str], wrong: dict[str, str]) -> Rules:
    """Return the rules that a form says; what cannot be goes to `wrong`."""
    mode, risk = given.get("mode", "smart"), given.get("risk", "normal")
    if mode not in MODES or risk not in RISKS:
        wrong["mode"] = mark("Choose one of those that are offered.")
    starts, ends = (moment_in(given, name, wrong) for name in ("valid_from", "valid_to"))
    said = Rules(
        mode=cast("Mode", mode),
        risk=cast("Risk", risk),
        valid_from=starts,
        valid_to=ends,
        tags=_tags(given),
        level=_level(given, wrong),
        related=tuple(dict.fromkeys(_related(given, keys, wrong))),
        must_match=tuple(_lines(given, "must_match")),
        must_not_match=tuple(_lines(given, "must_not_match")),
    )
    if said.ends_early:
        wrong["valid_to"] = mark("It ends before it begins.")
    return said


def audience_of(given: Mapping[str, str], wrong: dict[str, str]) -> tuple[tuple[str, ...], int]:
    """Return for whom a form says an entry is: tags and level; what cannot be goes to `wrong`."""
    return _tags(given), _level(given, wrong)


def moment_in(given: Mapping[str, str], name: str, wrong: dict[str, str]) -> datetime | None:
    """Return the moment that a form's field says, if any; what cannot be goes to `wrong`."""
    said = given.get(name, "").strip()
    moment = moment_of(said) if said else None
    if said and moment is None:
        wrong[name] = mark("Write a day and a time.")
    return moment


def _tags(given: Mapping[str, str]) -> tuple[str, ...]:
    said = re.split(r"[,，;；\n]", given.get("tags", ""))
    tags = dict.fromkeys(" ".join(tag.split())[:TAG_CHARS] for tag in said)
    return tuple([tag for tag in tags if tag][:TAGS])


def _level(given: Mapping[str, str], wrong: dict[str, str]) -> int:
    said = given.get("level", "").strip() or "0"
    if not (said.isascii() and said.isdigit()) or len(said) > 4 or int(said) > HIGHEST_LEVEL:  # noqa: PLR2004 - digits
        wrong["level"] = mark("Write a number from 0 to 1000.")
        return 0
    return int(said)


def _related(
    given: Mapping[str, str], keys: Mapping[str, str], wrong: dict[str, str]
) -> Iterator[str]:
    for name in RELATED:
        said = given.get(name, "")
        if not said.strip():
            continue
        key = keys.get(folded(said), said.strip() if said.strip() in keys.values() else None)
        if key is None:
            wrong[name] = mark("There is no entry with this question.")
        else:
            yield key
