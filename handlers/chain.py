"""The handlers, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from channels.files import Kind, Takes
from channels.message import Visibility
from handlers.base import Handler, Outcome, Turn
from handlers.chat.answer import Answering, Tapping
from handlers.chat.audience import Answers
from handlers.chat.commands import Commands
from handlers.chat.complaint import Complaining
from handlers.chat.edit import edited
from handlers.chat.elsewhere import elsewhere, is_released
from handlers.chat.handoff import hand_over, handoff
from handlers.chat.machine import machine
from handlers.chat.menu import ChatConfig, Menu
from handlers.chat.safety import safety
from handlers.chat.sheet import filed
from handlers.personal import personal
from storage.models.conversation import Owner


def _nothing(_inbox: str) -> Mapping[Kind, Takes]:
    return {}


@dataclass(frozen=True, slots=True)
class Chain:
    """Asks each handler until one answers; is silent while people have the conversation.

    Only a form that was handed in whole is taken at any time, and that people elsewhere let go.
    """

    handlers: Sequence[Handler]
    channels: Mapping[str, str] = field(default_factory=dict)
    """The platform of each inbox."""
    takes: Callable[[str], Mapping[Kind, Takes]] = _nothing
    """Which files an inbox can send."""
    files_at: str = ""
    """Under which address the files of answers are to be had; empty: nowhere."""

    async def __call__(self, turn: Turn) -> Outcome | None:
        """Return what should happen, None if a person decides."""
        if (outcome := filed(turn)) is not None:
            return outcome
        if turn.conversation.owner is not Owner.BOT and not is_released(turn):
            return None
        if (outcome := elsewhere(turn)) is not None:
            return outcome
        if turn.message.automatic:
            return machine(turn)
        inbox = turn.message.address.inbox
        turn = replace(
            turn,
            channel=self.channels.get(inbox, ""),
            takes=self.takes(inbox),
            files_at=self.files_at,
        )
        for handler in self.handlers:
            if (outcome := await handler(turn)) is not None:
                return _discreet(turn, outcome)
        return await handoff(turn)


def _discreet(turn: Turn, outcome: Outcome) -> Outcome:
    """Return the outcome, or a person's where others would read what looks like personal data."""
    if turn.conversation.visibility is Visibility.PRIVATE:
        return outcome
    kinds = personal(outcome.reply)
    return hand_over(turn, "private", personal=list(kinds)) if kinds else outcome


def build_chain(
    answers: Answers,
    config: ChatConfig | None = None,
    channels: Mapping[str, str] | None = None,
    takes: Callable[[str], Mapping[Kind, Takes]] = _nothing,
    files_at: str = "",
) -> Chain:
    """Return the house's chain: commands, the form in progress, safety, answers, a person."""
    menu = Menu(answers, config or ChatConfig())
    return Chain(
        (
            menu.events,
            edited,
            Commands(menu),
            Complaining(answers),
            safety,
            Tapping(answers),
            Answering(answers),
            menu.unreadable,
        ),
        channels or {},
        takes,
        files_at,
    )
