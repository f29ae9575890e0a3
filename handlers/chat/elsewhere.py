"""Who is served in the platform's own client: the bot is silent as long as somebody there is."""

from __future__ import annotations

from channels.message import ContactEvent
from handlers.base import Handoff, Outcome, Resolve, Turn
from storage.models.conversation import Owner

ELSEWHERE = "elsewhere"
"""Why nobody is called, though people have the conversation."""


def is_released(turn: Turn) -> bool:
    """Say whether somebody whom people served elsewhere is left to us again."""
    talk = turn.conversation
    served_there = talk.owner is Owner.QUEUE and talk.handoff_reason == ELSEWHERE
    return served_there and "released" in _events(turn)


def elsewhere(turn: Turn) -> Outcome | None:
    """Leave who is served there to people, and end that when they let go; None for all else."""
    events = _events(turn)
    if "served" in events:
        return Outcome(actions=(Handoff(ELSEWHERE),), why={"handler": ELSEWHERE})
    if "released" not in events:
        return None
    over = turn.new or is_released(turn)
    return Outcome(actions=(Resolve(ELSEWHERE),) if over else (), why={"handler": ELSEWHERE})


def _events(turn: Turn) -> set[str]:
    return {part.event for part in turn.message.parts if isinstance(part, ContactEvent)}
