"""What a customer can ask for in plain words: a person, the menu, a complaint, its progress."""

from __future__ import annotations

from dataclasses import dataclass, replace

from channels.message import Choice, Choices, Text, Visibility
from faq.matcher import Band
from faq.small_talk import small_talk
from handlers.base import Outcome, Turn
from handlers.chat import complaint, phrases
from handlers.chat.answer import human
from handlers.chat.audience import decide
from handlers.chat.dialog import Dialog
from handlers.chat.handoff import hand_over
from handlers.chat.menu import Menu
from handlers.chat.safety import matter
from handlers.chat.texts import say
from handlers.chat.words import tapped, typed
from storage.models.ticket import Ticket

FORM_LONGEST = 24
"""Inside a form a longer message is an answer, even if it speaks of people or complaints."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Commands:
    """Does what the customer asks for by name, or by tapping it."""

    menu: Menu

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Do it, or None: nothing was asked for by name."""
        match tapped(turn):
            case "human":
                return called(turn)
            case "menu":
                return self._menu(turn)
            case "complaint":
                return complaint.begin(turn)
            case "progress":
                return progress(turn)
            case _:
                return await self._typed(turn)

    async def _typed(self, turn: Turn) -> Outcome | None:
        text = typed(turn)
        in_form = Dialog.of(turn).asking(complaint.FORM.name)
        if in_form and len(text) > FORM_LONGEST:
            return called(turn) if phrases.demands_human(text) else None
        asked = self._by_name(turn, text)
        return asked if in_form or asked is not None else await self._by_manners(turn, text)

    def _by_name(self, turn: Turn, text: str) -> Outcome | None:
        if phrases.wants_human(text):
            return called(turn)
        if phrases.wants_progress(text):
            return progress(turn)
        if phrases.wants_menu(text):
            return self._menu(turn)
        if phrases.wants_to_complain(text):
            return complaint.begin(turn, phrases.what_about(text))
        return None

    async def _by_manners(self, turn: Turn, text: str) -> Outcome | None:
        """Return a greeting, thanks and farewells; say who is speaking if no entry does."""
        kind = small_talk(text)
        if kind is None or (kind == "robot" and await self._is_answered(turn, text)):
            return None
        return self.menu.greet(turn) if kind == "greeting" else self.menu.talk(turn, kind)

    async def _is_answered(self, turn: Turn, text: str) -> bool:
        decision = await decide(self.menu.answers, turn, text)
        return decision.band is Band.ANSWER

    def _menu(self, turn: Turn) -> Outcome:
        """Show the menu; an open form is put aside."""
        outcome, dialog = self.menu.show(turn), Dialog.of(turn)
        return replace(outcome, actions=(dialog.pause().keep(),)) if dialog.form else outcome


def called(turn: Turn) -> Outcome:
    """Call a person because the customer asked, at once if the matter is grave."""
    return hand_over(turn, matter(typed(turn)) or "asked")


def progress(turn: Turn) -> Outcome:
    """Say how the contact's own complaints stand."""
    why = {"handler": "progress"}
    if turn.conversation.visibility is Visibility.PUBLIC:
        return hand_over(turn, "private")
    if number := phrases.ticket_number(typed(turn)):
        own = [ticket for ticket in turn.tickets if ticket.number == number]
        return Outcome(reply=_unknown(number, turn) if not own else _told(own, turn), why=why)
    if not turn.tickets:
        return Outcome(reply=(Text(text=say("progress_none", turn.language)),), why=why)
    pending = [ticket for ticket in turn.tickets if ticket.closed_at is None]
    return Outcome(reply=_told((pending or list(turn.tickets))[:SHOWN], turn), why=why)


def _told(tickets: list[Ticket], turn: Turn) -> tuple[Text, ...]:
    lines = [
        say(
            "progress_one",
            turn.language,
            number=ticket.number,
            state=say(f"state_{ticket.state}", turn.language),
        )
        for ticket in tickets
    ]
    return (Text(text="\n".join(lines)),)


def _unknown(number: str, turn: Turn) -> tuple[Choices, ...]:
    prompt = say("progress_unknown", turn.language, number=number)
    complain = Choice(value="complaint", label=say("menu_complaint", turn.language))
    return (Choices(prompt=prompt, options=(complain, human(turn.language))),)
