"""Handing over: what the customer is told, and the last handler of the chain."""

from __future__ import annotations

from channels.message import Text, Visibility
from handlers.base import Handoff, Outcome, Turn
from handlers.chat.dialog import Dialog
from handlers.chat.texts import say

_WORDS = {
    "asked": "handoff",
    "missed": "handoff_missed",
    "not_helped": "handoff_missed",
    "safety": "handoff_safety",
    "serious": "handoff_serious",
    "anger": "handoff_serious",
    "money": "handoff_money",
    "private": "handoff_private",
    "error": "sorry_error",
}
URGENT = frozenset({"safety", "serious", "anger"})
"""The reasons for which a colleague is called at once."""


def hand_over(turn: Turn, reason: str, **why: object) -> Outcome:
    """Return the outcome that calls a person; what a form has gathered goes with it.

    `reason` is asked, missed, not_helped, safety, serious, anger, money, private or error.
    """
    dialog = Dialog.of(turn)
    key = _WORDS[reason]
    if turn.conversation.visibility is Visibility.PUBLIC and reason in URGENT | {"money"}:
        key = "handoff_private"
    explained: dict[str, object] = {"handler": "handoff", "reason": reason, **why}
    if dialog.fields:
        explained["gathered"] = dict(dialog.fields)
    kept = Dialog(form=dialog.form, fields=dialog.fields).pause()
    return Outcome(
        reply=(Text(text=say(key, turn.language)),),
        actions=(Handoff(reason, urgent=reason in URGENT), kept.keep()),
        why=explained,
    )


async def handoff(turn: Turn) -> Outcome | None:
    """Call a person: nobody before this one had an answer."""
    return hand_over(turn, "missed")
