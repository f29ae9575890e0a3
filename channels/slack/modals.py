"""Forms in a window of Slack's own: who asks for one, how it looks, and how it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from channels.message import Choice
from channels.sheets import Blank, Sheet
from channels.slack.deeds import place_of_command, place_of_tap, question
from channels.slack.place import DIRECT, Place
from channels.slack.shape import Tree, twigs, word

MULTILINE = 200
"""From this length on an answer has several lines to be written in."""
LONGEST_INPUT, LONGEST_OPTION = 3000, 75


@dataclass(frozen=True, slots=True)
class Wish:
    """A customer asks for a form; `begun` is what they have written of it already."""

    sheet: Sheet
    trigger_id: str = field(repr=False)
    back: str = ""
    """The direct conversation that they come from."""
    begun: str = ""
    response_url: str = field(default="", repr=False)
    whose: str = ""
    """Who asks, where nothing tells in which language."""


def wish_of(body: Tree, sheets: tuple[Sheet, ...]) -> Wish | None:
    """Return the form that a call asks for, if it does."""
    if not (trigger_id := word(body, "trigger_id")):
        return None
    url = word(body, "response_url")
    if "command" in body:
        first, _, rest = question(body).partition(" ")
        sheet = next((each for each in sheets if first.casefold() in each.words), None)
        if sheet is None:
            return None
        return Wish(sheet, trigger_id, _back(place_of_command(body)), rest.strip(), url)
    if word(body, "type") == "block_actions":
        return _tapped(body, sheets, trigger_id, url)
    if word(body, "type") == "shortcut":
        sheet = _in("zh", word(body, "callback_id"), sheets)
        whose = word(body, "user", "id")
        return None if sheet is None else Wish(sheet, trigger_id, whose=whose)
    return None


def spoken(wish: Wish, language: str, sheets: tuple[Sheet, ...]) -> Wish:
    """Return a wish for the same form in another language, where there is one."""
    return replace(wish, sheet=_in(language, wish.sheet.opens, sheets) or wish.sheet)


def _tapped(body: Tree, sheets: tuple[Sheet, ...], trigger_id: str, url: str) -> Wish | None:
    actions = twigs(body, "actions")
    action = actions[0] if len(actions) == 1 else {}
    language = "en" if word(action, "text", "text").isascii() else "zh"
    sheet = _in(language, word(action, "value"), sheets)
    return None if sheet is None else Wish(sheet, trigger_id, _back(place_of_tap(body)), "", url)


def _in(language: str, opens: str, sheets: tuple[Sheet, ...]) -> Sheet | None:
    known = [sheet for sheet in sheets if sheet.opens == opens]
    fitting = (sheet for sheet in known if sheet.language == language)
    return next(fitting, known[0] if known else None)


def _back(place: Place) -> str:
    if not place.channel.startswith(DIRECT):
        return ""
    return ":".join(filter(None, (place.channel, place.thread_ts)))


def view_of(wish: Wish) -> dict[str, Any]:
    """Return a form as Slack shows it."""
    sheet = wish.sheet
    return {
        "type": "modal",
        "callback_id": f"{sheet.name}@{sheet.language}",
        "private_metadata": wish.back,
        "title": _plain(sheet.title),
        "submit": _plain(sheet.submit),
        "close": _plain(sheet.cancel),
        "blocks": [
            {
                "type": "input",
                "block_id": blank.name,
                "optional": blank.skip is not None,
                "label": _plain(blank.label),
                "element": _element(blank, "" if number else wish.begun),
            }
            for number, blank in enumerate(sheet.blanks)
        ],
    }


def _element(blank: Blank, begun: str) -> Mapping[str, Any]:
    if blank.options:
        options = [_option(choice) for choice in blank.options]
        return {"type": "static_select", "action_id": "said", "options": options}
    longest = min(blank.longest, LONGEST_INPUT)
    written = {"initial_value": begun[:longest]} if begun else {}
    return {
        "type": "plain_text_input",
        "action_id": "said",
        "multiline": longest >= MULTILINE,
        "max_length": longest,
        **written,
    }


def _option(choice: Choice) -> Mapping[str, Any]:
    return {"text": _plain(choice.label[:LONGEST_OPTION]), "value": choice.value}


def _plain(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
