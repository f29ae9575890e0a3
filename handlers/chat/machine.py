"""What a machine wrote: never answered by a machine, but somebody looks at it."""

from __future__ import annotations

from channels.message import ContactEvent
from handlers.base import Handoff, Outcome, Turn


def machine(turn: Turn) -> Outcome:
    """Call a person without a word: for mail that came back, and for what begins a talk.

    In a talk that goes on it is only kept: a note that somebody is on holiday answers nothing.
    """
    parts = turn.message.parts
    came_back = any(isinstance(part, ContactEvent) and part.event == "bounced" for part in parts)
    if not came_back and not turn.new:
        return Outcome(why={"handler": "machine"})
    reason = "bounced" if came_back else "machine"
    return Outcome(actions=(Handoff(reason),), why={"handler": "machine", "reason": reason})
