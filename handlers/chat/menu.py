"""The greeting and the menu: what most people ask, and the ways to a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.message import Choice, Choices, ContactEvent, Part, Text, Visibility
from faq.matcher import Entry
from handlers.base import Outcome, Turn
from handlers.chat.answer import choice_of, human
from handlers.chat.audience import Answers
from handlers.chat.texts import say
from handlers.chat.words import is_unreadable, typed
from storage.models.conversation import Author

LOOKED_THROUGH = 1000
"""How many entries a menu is chosen from where nobody chose: a large base is not walked for it."""
QUIET = timedelta(hours=12)
"""How long after the last word the greeting is not said again to who opens the chat."""


class ChatConfig(BaseModel):
    """What a firm can choose: what it says for manners' sake, and the questions in its menu."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting: Mapping[str, str] = Field(
        default_factory=dict, description="what is said first, by language (zh, en)"
    )
    small_talk: Mapping[Literal["thanks", "bye", "robot"], Mapping[str, str]] = Field(
        default_factory=dict,
        description="what is said to thanks, to a farewell and to who asks whether a machine "
        "writes, each by language",
    )
    common: tuple[str, ...] = Field(
        default=(),
        description="the entries in the menu; absent: the first ones, one of each kind first",
    )
    menu_size: int = Field(default=4, ge=0, le=10, description="how many entries the menu shows")


@dataclass(frozen=True, slots=True)
class Menu:
    """Greets, and shows what can be chosen."""

    answers: Answers
    config: ChatConfig = field(default_factory=ChatConfig)

    def choices(self, turn: Turn, prompt: str = "menu") -> Choices:
        """Return the menu as something to tap."""
        language = turn.language
        options = [choice_of(entry) for entry in self._common(turn)]
        if turn.conversation.visibility is Visibility.PRIVATE:
            options.append(Choice(value="complaint", label=say("menu_complaint", language)))
            if turn.tickets:
                options.append(Choice(value="progress", label=say("menu_progress", language)))
        options.append(human(language))
        return Choices(prompt=say(prompt, language), options=tuple(options))

    def greet(self, turn: Turn) -> Outcome:
        """Greet; who was greeted before is only asked what they need."""
        if any(message.author is Author.BOT for message in turn.history):
            return Outcome(reply=(self.choices(turn, "welcome_back"),), why={"handler": "greeting"})
        words = self.config.greeting.get(turn.language) or say("greeting", turn.language)
        return Outcome(reply=(Text(text=words), self.choices(turn)), why={"handler": "greeting"})

    def talk(self, turn: Turn, kind: Literal["thanks", "bye", "robot"]) -> Outcome:
        """Say what manners ask for; who asks for a machine is shown the way to a person."""
        language = turn.language
        words = self.config.small_talk.get(kind, {}).get(language) or say(kind, language)
        said: Part = Text(text=words)
        if kind == "robot":
            said = Choices(prompt=words, options=(human(language),))
        return Outcome(reply=(said,), why={"handler": "small-talk", "about": kind})

    def show(self, turn: Turn, prompt: str = "menu") -> Outcome:
        """Show the menu alone."""
        return Outcome(reply=(self.choices(turn, prompt),), why={"handler": "menu"})

    async def events(self, turn: Turn) -> Outcome | None:
        """Greet who followed or opened the chat, be silent to who left; None for messages."""
        events = [part for part in turn.message.parts if isinstance(part, ContactEvent)]
        if not events or len(events) != len(turn.message.parts):
            return None
        match events[-1].event:
            case "followed":
                return self.greet(turn)
            case "opened" if not _spoke_lately(turn):
                return self.greet(turn)
            case _:
                return Outcome(why={"handler": "event"})

    async def unreadable(self, turn: Turn) -> Outcome | None:
        """Say what can be done when a message holds nothing to read, or an old button."""
        if typed(turn):
            return None
        return self.show(turn, "cannot_show" if is_unreadable(turn) else "empty")

    def _common(self, turn: Turn) -> Sequence[Entry]:
        if self.config.common:
            found = [self.answers.entry(name) for name in self.config.common]
            known = [entry for entry in found if entry is not None]
            return [each for each in known if _is_open(each, turn)][: self.config.menu_size]
        some = islice(self.answers.entries(), LOOKED_THROUGH)
        entries = [each for each in some if _is_open(each, turn)]
        first: dict[str, Entry] = {}
        for entry in entries:
            first.setdefault(entry.kind, entry)
        rest = (entry for entry in entries if first[entry.kind] is not entry)
        return [*first.values(), *rest][: self.config.menu_size]


def _is_open(entry: Entry, turn: Turn) -> bool:
    return entry.rules.is_for_everybody and entry.rules.is_valid(turn.now)


def _spoke_lately(turn: Turn) -> bool:
    return any(turn.now - message.at < QUIET for message in turn.history[-1:])
