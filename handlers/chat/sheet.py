"""The complaint form as a sheet, where the platform can show one, and what comes back of it."""

from __future__ import annotations

from channels.message import Choice, Selection, Text
from channels.sheets import Blank, Sheet
from handlers.base import Outcome, Turn
from handlers.chat import complaint
from handlers.chat.form import LONGEST, Question, understand
from handlers.chat.texts import LANGUAGES, say
from storage.models.conversation import Owner

LINE = 150
"""How long an answer may be that tells no story."""
NAME = f"form:{complaint.FORM.name}"
WORDS = {"zh": frozenset({"投诉"}), "en": frozenset({"complaint", "complain"})}
WANTING = {"facts": "complaint_facts_short", "wish": "sheet_choose"}


def sheets() -> tuple[Sheet, ...]:
    """Return the forms that customers can fill in at once, in every language."""
    return tuple(_complaint(language) for language in LANGUAGES)


def is_filed(turn: Turn) -> bool:
    """Say whether the customer handed in a form."""
    first = next(iter(turn.message.parts), None)
    return isinstance(first, Selection) and first.value == NAME


def filed(turn: Turn) -> Outcome | None:
    """Take a complaint that was handed in whole; None if this is none.

    While people have the conversation one that lacks something is theirs.
    """
    if not is_filed(turn):
        return None
    fields: dict[str, str] = {}
    for question, part in zip(complaint.FORM.questions, turn.message.parts[1:], strict=False):
        value = part.value if isinstance(part, Selection) else None
        text = part.text if isinstance(part, Text) else ""
        fields |= understand(question, text, value) or {}
    whole = complaint.FORM.open_question(fields) is None
    if not whole and turn.conversation.owner is not Owner.BOT:
        return None
    return complaint.finish(turn, fields)


def _complaint(language: str) -> Sheet:
    return Sheet(
        name=NAME,
        language=language,
        opens="complaint",
        words=WORDS[language],
        title=say("sheet_complaint", language),
        submit=say("sheet_submit", language),
        cancel=say("sheet_cancel", language),
        blanks=tuple(_blank(question, language) for question in complaint.FORM.questions),
    )


def _blank(question: Question, language: str) -> Blank:
    name = question.name
    return Blank(
        name=name,
        label=say(f"sheet_{name}", language),
        options=tuple(
            Choice(value=f"form:{name}:{wish}", label=say(f"wish_{wish}", language))
            for wish in question.choices or ()
        ),
        skip=Choice(value=f"form:{name}:skip", label=say("form_skip", language))
        if question.optional
        else None,
        shortest=question.shortest,
        longest=LONGEST if question.shortest > 1 else LINE,
        wanting=say(WANTING[name], language) if name in WANTING else "",
    )
