"""Finds what a text names for certain, to see where a question and an entry speak of two things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources

Names = Mapping[str, frozenset[str]]

_UNITS = r"cm|mm|m|kg|g|ml|l|gb|tb|mah|寸|英寸|厘米|毫米|公斤|千克|克|斤|毫升|升|码|号"
_LINES = "iphone|ipad|galaxy|mate|model|type|version|pro|型号"
_PATTERNS = (
    ("code", re.compile(r"(?<![a-z0-9])[a-z]{1,8}-?\d{1,6}[a-z]{0,4}(?![a-z0-9])")),
    ("code", re.compile(rf"(?<![a-z0-9])(?:{_LINES}) ?\d{{1,4}}[a-z]{{0,4}}(?![a-z0-9])")),
    ("number", re.compile(r"(?<![a-z0-9.])\d{5,}(?![a-z0-9.])")),
    ("amount", re.compile(r"(?<![a-z0-9.])\d+(?:\.\d+)?(?= ?(?:元|块|rmb|usd|dollars?|euros?|%))")),
    ("amount", re.compile(r"(?<=[$€£¥])\d+(?:\.\d+)?")),
    ("size", re.compile(rf"(?<![a-z0-9.])\d+(?:\.\d+)? ?(?:{_UNITS})(?![a-z0-9])")),
    ("size", re.compile(r"(?<![a-z0-9'])(?:x{0,3}l|[sm]|xs)(?=码|号| ?size|$)")),
)
_APART = re.compile(r"[ \-]")


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, tuple[re.Pattern[str], Mapping[str, str]]]:
    """Return each kind's names as one expression, and what each of them is."""
    text = resources.files("faq").joinpath("entities.txt").read_text(encoding="utf-8")
    found = {}
    for paragraph in text.split("\n\n"):
        kind, *lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        things = {name: line for line in lines for name in line.split(" | ")}
        ordered = sorted(things, key=len, reverse=True)
        found[kind] = (re.compile("|".join(map(_bounded, ordered))), things)
    return found


def _bounded(name: str) -> str:
    return rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])" if name.isascii() else re.escape(name)


def named(text: str) -> Names:
    """Return what a text in compared form names, by kind: codes, amounts, sizes, places, brands."""
    found: dict[str, set[str]] = {}
    for kind, pattern in _PATTERNS:
        for match in pattern.findall(text):
            found.setdefault(kind, set()).add(_APART.sub("", match))
    for kind, (names, things) in _lists().items():
        found.setdefault(kind, set()).update(things[name] for name in names.findall(text))
    return {kind: frozenset(names) for kind, names in found.items() if names}


def contradicts(asked: Names, questions: Iterable[str]) -> bool:
    """Say whether an entry's questions name another thing of a kind that a question names.

    An entry that names none of that kind speaks of all of them.
    """
    if not asked:
        return False
    theirs: dict[str, set[str]] = {}
    for text in questions:
        for kind, names in named(text).items():
            theirs.setdefault(kind, set()).update(names)
    return any(kind in theirs and not names & theirs[kind] for kind, names in asked.items())
