"""An account's own menu, as `config.yaml` wants it, beside what the platform shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from channels.text import length

MOST, MOST_BELOW = 3, 5
"""Entries of a menu, and of what opens under one."""
NAME, NAME_BELOW, KEY, URL = 16, 60, 128, 1024
"""Bytes of a name, of one below, of what a tap sends, and of an address."""
TARGETS = ("key", "url", "pagepath")
"""What tells two entries apart that have the same name, as the platform calls it."""


class Entry(BaseModel):
    """A thing to tap: it sends `key`, opens `url` or a mini program's page, or opens more."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    key: str | None = None
    url: str | None = Field(default=None, pattern=r"^https?://")
    app_id: str | None = None
    page: str | None = None
    entries: tuple[Entry, ...] = Field(default=(), max_length=MOST_BELOW)

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        opens_page = self.app_id is not None and self.page is not None and self.url is not None
        ways = (self.key is not None, self.url is not None, bool(self.entries))
        if sum(ways) != 1 or ((self.app_id or self.page) and not opens_page):
            raise ValueError(
                "an entry has a key, or a url, or entries; one of a mini program has app_id and "
                "page, and a url for old versions of WeChat"
            )
        if length(self.key or "", "bytes") > KEY or length(self.url or "", "bytes") > URL:
            raise ValueError(f"a key has up to {KEY} bytes, a url up to {URL}")
        return self


class Menu(BaseModel):
    """The whole of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entries: tuple[Entry, ...] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        below = [each for entry in self.entries for each in entry.entries]
        if any(each.entries for each in below):
            raise ValueError("a menu has two levels")
        short = all(length(entry.name, "bytes") <= NAME for entry in self.entries)
        if not short or any(length(each.name, "bytes") > NAME_BELOW for each in below):
            raise ValueError(f"a name has up to {NAME} bytes, one below up to {NAME_BELOW}")
        return self


def labels(menu: Menu | None) -> Mapping[str, str]:
    """Return what stands on each entry that sends something, by what it sends."""
    every = [] if menu is None else [*menu.entries, *(e for m in menu.entries for e in m.entries)]
    return {entry.key: entry.name for entry in every if entry.key is not None}


def buttons(menu: Menu) -> list[dict[str, Any]]:
    """Return a menu as the platform takes it."""
    return [_button(entry) for entry in menu.entries]


def _button(entry: Entry) -> dict[str, Any]:
    if entry.entries:
        return {"name": entry.name, "sub_button": [_button(each) for each in entry.entries]}
    if entry.key is not None:
        return {"type": "click", "name": entry.name, "key": entry.key}
    told = {"name": entry.name, "url": entry.url}
    if entry.app_id is None:
        return {"type": "view", **told}
    return {"type": "miniprogram", **told, "appid": entry.app_id, "pagepath": entry.page}


def menu_drift(wanted: Menu, shown: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what of the menu that the platform shows is not as wanted; empty: all is.

    `shown` is the platform's answer to `menu/get`, or nothing where there is no menu.
    """
    menu = shown.get("menu")
    buttons = menu.get("button") if isinstance(menu, dict) else None
    there = list(_lines(buttons)) if isinstance(buttons, list) else []
    here = [line for entry in wanted.entries for line in _wanted(entry)]
    missing = [f"missing: {line}" for line in here if line not in there]
    strange = [f"not in config.yaml: {line}" for line in there if line not in here]
    if not missing and not strange and here != there:
        return ("the order is another one",)
    return (*missing, *strange)


def _wanted(entry: Entry, above: str = "") -> Iterator[str]:
    target = entry.page or entry.url or entry.key or ""
    yield _line(above, entry.name, target)
    for each in entry.entries:
        yield from _wanted(each, entry.name)


def _lines(buttons: Sequence[object], above: str = "") -> Iterator[str]:
    for button in buttons:
        if not isinstance(button, dict):
            continue
        name = str(button.get("name", ""))
        target = next((str(button[one]) for one in reversed(TARGETS) if button.get(one)), "")
        yield _line(above, name, target)
        below = button.get("sub_button")
        if isinstance(below, list) and not above:
            yield from _lines(below, name)


def _line(above: str, name: str, target: str) -> str:
    return f"{f'{above} / ' if above else ''}{name}{f' ({target})' if target else ''}"
