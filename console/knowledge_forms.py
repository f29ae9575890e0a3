"""An entry of the knowledge base as a form, there and back."""

from __future__ import annotations

from collections.abc import Mapping

from console.i18n import mark
from console.knowledge_diff import KINDS
from console.knowledge_views import (
    ANSWER_LIMIT,
    QUESTION_LIMIT,
    SIMILAR_LIMIT,
    Entry,
    folded,
)
from storage.knowledge import Content


def form_of(entry: Entry) -> dict[str, str]:
    """Return an entry as its form holds it."""
    content = entry.content
    return {
        "question": content.question,
        "similar": "\n".join(content.similar_questions),
        "answer_zh": content.answers.get("zh", ""),
        "answer_en": content.answers.get("en", ""),
        "kind": content.kind,
        "category": content.category,
    }


def read_content(given: Mapping[str, str]) -> tuple[Content | None, dict[str, str]]:
    """Return what an editor's form says, or what is wrong with it, field by field."""
    question = " ".join(given.get("question", "").split())
    lines = [" ".join(line.split()) for line in given.get("similar", "").splitlines()]
    answers = {code: given.get(f"answer_{code}", "").strip() for code in ("zh", "en")}
    similar = list({folded(line): line for line in reversed(lines)}.values())[::-1]
    similar = [line for line in similar if folded(line) not in ("", folded(question))]
    wrong = _wrong(question, similar, answers, given.get("kind", ""))
    if wrong:
        return None, wrong
    said = {code: text for code, text in answers.items() if text}
    category = given.get("category", "").strip()[:100]
    return Content(question, tuple(similar), said, given.get("kind", "other"), category), {}


def _wrong(
    question: str, similar: list[str], answers: Mapping[str, str], kind: str
) -> dict[str, str]:
    wrong = {}
    if not question:
        wrong["question"] = mark("Write the question that customers ask.")
    elif len(question) > QUESTION_LIMIT:
        wrong["question"] = mark("A question has at most 200 characters.")
    if len(similar) > SIMILAR_LIMIT or any(len(q) > QUESTION_LIMIT for q in similar):
        wrong["similar"] = mark("At most 200 questions of at most 200 characters each.")
    if not any(answers.values()):
        wrong["answer_zh"] = mark("Write an answer in at least one language.")
    for code, text in answers.items():
        if len(text) > ANSWER_LIMIT:
            wrong[f"answer_{code}"] = mark("An answer has at most 5000 characters.")
    if kind not in KINDS:
        wrong["kind"] = mark("Choose one of the six kinds.")
    return wrong
