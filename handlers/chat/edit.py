"""What a customer said otherwise afterwards: answered once more only where that helps."""

from __future__ import annotations

from channels.message import Text
from handlers.base import Outcome, Turn
from handlers.chat.dialog import Dialog
from handlers.chat.safety import safety
from handlers.chat.texts import say
from storage.models.conversation import Author, Message


async def edited(turn: Turn) -> Outcome | None:
    """Be silent to an edit of what was followed by more, and to one that changes nothing.

    None: not an edit, or one of the customer's last words, which are answered as if they were new.
    A form takes no edits, since its questions have gone on; that is said. Danger is always heard.
    """
    wordings = _wordings(turn)
    if not wordings:
        return None
    if wordings[-1].parts == turn.message.parts:
        return Outcome(why={"handler": "edit"})
    if Dialog.of(turn).form:
        words = say("edit_in_form", turn.language)
        return await safety(turn) or Outcome(reply=(Text(text=words),), why={"handler": "edit"})
    said = [message for message in turn.history if message.author is Author.CONTACT]
    if said[-1] is wordings[-1]:
        return None
    return await safety(turn) or Outcome(why={"handler": "edit"})


def _wordings(turn: Turn) -> list[Message]:
    """Return what the customer had said instead by now, oldest first; empty: not known, or new."""
    named = turn.message.replaces
    if named is None:
        return []
    first = next((said for said in turn.history if said.echo_id == named), None)
    if first is None:
        return []
    place = first.position
    return [said for said in turn.history if place in (said.position, said.replaces)]
