"""A complaint, written down in the chat: what happened, which order, what should be done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from channels.message import Part, Text, Visibility
from faq.matcher import Band
from handlers.base import Handoff, OpenTicket, Outcome, Record, SetDialog, Turn
from handlers.chat.audience import Answers, decide, words_of
from handlers.chat.dialog import Dialog
from handlers.chat.form import LONGEST, Form, Question, ask, is_cut, understand
from handlers.chat.handoff import hand_over
from handlers.chat.safety import is_grave, matter
from handlers.chat.texts import say
from handlers.chat.words import has_media, plain, tapped, typed
from storage.models.activity import Fact
from storage.models.conversation import Owner

WISHES = {
    "refund": ("退款", "退钱", "退货", "退回", "refund", "money back", "return"),
    "exchange": ("换", "重发", "补发", "exchange", "replace", "another one"),
    "repair": ("修", "repair", "fix"),
    "apology": ("道歉", "赔礼", "说法", "解释", "apolog", "sorry", "explain"),
    "other": (),
}
FORM = Form(
    "complaint.1",
    (
        Question("facts", "complaint_facts", shortest=4),
        Question("order", "complaint_order", optional=True),
        Question("wish", "complaint_wish", choices=WISHES),
    ),
)
_LEAVE = re.compile(
    r"取消|退出|算了|不投诉了?|不填了?|不用了|先不(?:投诉|填)了?|取消投诉|放弃"
    r"|cancel|quit|exit|stop|never\s?mind|forget it"
)
_RESUME = re.compile(r"继续|接着(?:填|来)?|继续(?:投诉|填写)|continue|resume|go on")
_QUESTION = re.compile(
    r"[?？]\s*$|吗\s*$|呢\s*$|^(?:请问|怎么|如何|多少|哪里|什么时候|几点|能不能|可不可以)"
    r"|^\s*(?:how|what|when|where|which|can|do|does|is|are)\b",
    re.IGNORECASE,
)
QUESTION_LONGEST = 40
"""What is longer tells a story, even if it ends with a question mark."""


def begin(turn: Turn, first: str = "") -> Outcome:
    """Start the form, or go on with the one that was begun; `first` is the first answer."""
    if turn.conversation.visibility is Visibility.PUBLIC:
        return hand_over(turn, "private")
    dialog = Dialog.of(turn)
    if dialog.form != FORM.name:
        dialog = replace(dialog.calm(), form=FORM.name, fields={})
    dialog = replace(dialog, paused=False)
    if first and "facts" not in dialog.fields:
        return _take(turn, dialog, understand(FORM.questions[0], first, None), first)
    lead = (say("form_resumed", turn.language),) if dialog.fields else ()
    return _ask(turn, dialog, *lead)


def finish(turn: Turn, fields: Mapping[str, str]) -> Outcome:
    """End the form with what was filled in all at once; ask for what is missing."""
    dialog = replace(Dialog.of(turn).calm(), form=FORM.name, fields=fields, paused=False)
    if FORM.open_question(fields) is not None:
        return _ask(turn, dialog)
    return _open(turn, dialog, "\n".join(fields.values()))


@dataclass(frozen=True, slots=True)
class Complaining:
    """Takes the answers while the form is open."""

    answers: Answers

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Take an answer, let the customer leave or resume; None if no form was begun."""
        dialog, said, value = Dialog.of(turn), plain(typed(turn)), tapped(turn)
        if dialog.form != FORM.name:
            return _nothing_to_resume(turn) if _RESUME.fullmatch(said) else None
        if _RESUME.fullmatch(said):
            return begin(turn)
        if dialog.paused:
            return None
        if value == "form:cancel" or _LEAVE.fullmatch(said):
            return _leave(turn, dialog)
        return await self._answer(turn, dialog, value)

    async def _answer(self, turn: Turn, dialog: Dialog, value: str | None) -> Outcome:
        text = typed(turn)
        question = FORM.open_question(dialog.fields) or FORM.questions[-1]
        if not text and value is None:
            key = "complaint_evidence" if has_media(turn) else "cannot_show"
            return _ask(turn, dialog, say(key, turn.language), again=True)
        filled = understand(question, text, value if _is_ours(value) else None)
        if _is_ours(value) or not _asks(question, text, filled):
            return _take(turn, dialog, filled, text)
        return await self._aside(turn, dialog, text) or _take(turn, dialog, filled, text)

    async def _aside(self, turn: Turn, dialog: Dialog, text: str) -> Outcome | None:
        """Answer a question in the middle if the answer is sure, and ask again."""
        decision = await decide(self.answers, turn, text)
        if decision.band is not Band.ANSWER:
            return None
        entry = decision.candidates[0].entry
        outcome = _ask(turn, dialog)
        fact = Record(Fact.FAQ_ANSWERED, {"entry": entry.id, "version_id": entry.version_id})
        return replace(
            outcome,
            reply=(*words_of(entry, turn), *outcome.reply),
            actions=(fact, *outcome.actions),
            why={"handler": "complaint", **decision.explain()},
        )


def _is_ours(value: str | None) -> bool:
    return value is not None and value.startswith("form:")


def _asks(question: Question, text: str, filled: dict[str, str] | None) -> bool:
    """Say whether a message asks us something instead of answering the form's question."""
    if len(text) > QUESTION_LONGEST or not _QUESTION.search(text):
        return False
    chosen = (filled or {}).get(question.name)
    return question.choices is None or chosen == list(question.choices)[-1]


def _take(turn: Turn, dialog: Dialog, filled: dict[str, str] | None, text: str) -> Outcome:
    if is_grave(text):
        told = dialog.fields.get("facts", "")
        filled = {"facts": f"{told}\n{text}".strip()[:LONGEST]}
    if filled is None:
        question = FORM.open_question(dialog.fields) or FORM.questions[-1]
        if question.name == "facts":
            return _ask(turn, dialog, say("complaint_facts_short", turn.language), again=True)
        return _ask(turn, dialog)
    dialog = replace(dialog, fields={**dialog.fields, **filled})
    if is_grave(text) or FORM.open_question(dialog.fields) is None:
        return _open(turn, dialog, text)
    cut = (say("complaint_cut", turn.language),) if is_cut(text) else ()
    return _ask(turn, dialog, *cut)


def _ask(turn: Turn, dialog: Dialog, *lead: str, again: bool = False) -> Outcome:
    """Say `lead`, then the open question; where `again`, `lead` is the question."""
    question = FORM.open_question(dialog.fields) or FORM.questions[-1]
    said: tuple[Part, ...] = tuple(Text(text=line) for line in lead)
    if not (again and question.name == "facts"):
        said += ask(question, turn.language)
    return Outcome(
        reply=said,
        actions=(dialog.keep(),),
        why={"handler": "complaint", "asks": question.name},
    )


def _open(turn: Turn, dialog: Dialog, text: str) -> Outcome:
    """End the form in a ticket; where there is danger a person is called, if none is there."""
    fields = {name: value for name, value in dialog.fields.items() if value}
    ticket = OpenTicket(
        kind="complaint",
        category=None,
        fields=fields,
        announce=say("complaint_received", turn.language, number="{number}"),
        added=say("complaint_added", turn.language, number="{number}"),
        severity="critical" if any(is_grave(value) for value in fields.values()) else "normal",
    )
    why = {"handler": "complaint", "gathered": fields}
    if not is_grave(text) or turn.conversation.owner is not Owner.BOT:
        return Outcome(actions=(ticket, SetDialog(None)), why=why)
    called = hand_over(turn, matter(text) or "serious")
    handoff = tuple(action for action in called.actions if isinstance(action, Handoff))
    return Outcome(called.reply, (ticket, *handoff, SetDialog(None)), {**why, "urgent": True})


def _leave(turn: Turn, dialog: Dialog) -> Outcome:
    return Outcome(
        reply=(Text(text=say("form_cancelled", turn.language)),),
        actions=(dialog.pause().keep(),),
        why={"handler": "complaint", "left": True},
    )


def _nothing_to_resume(turn: Turn) -> Outcome:
    return Outcome(
        reply=(Text(text=say("form_nothing", turn.language)),), why={"handler": "complaint"}
    )
