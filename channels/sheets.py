"""Forms that are filled in at once, for a platform that can show one.

The house lends its sheets to adapters that are a `ShowsSheets`, in each language it speaks. What
a customer hands in comes as one message: a `Selection` whose value is the sheet's name, then one
part for each blank, in their order: a `Text`, or a `Selection` of what was chosen or skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from channels.message import Choice


@dataclass(frozen=True, slots=True)
class Blank:
    """One thing to fill in; with `options` one of them is chosen.

    `skip` is what an empty answer counts as; without it there must be one of at least `shortest`
    characters, or `wanting` is said.
    """

    name: str
    label: str
    options: tuple[Choice, ...] = ()
    skip: Choice | None = None
    shortest: int = 1
    longest: int = 2000
    wanting: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form in one language; tapping `opens`, or typing one of `words`, asks for it."""

    name: str
    language: str
    opens: str
    words: frozenset[str]
    title: str
    submit: str
    cancel: str
    blanks: tuple[Blank, ...]


@runtime_checkable
class ShowsSheets(Protocol):
    """A channel that can show a form and take it back filled in."""

    def offer(self, sheets: Sequence[Sheet]) -> None:
        """Keep `sheets` for later; called once, before the channel is entered."""
        ...
