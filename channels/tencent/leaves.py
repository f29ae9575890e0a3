"""A guard for the platforms' XML: flat, no attributes, no document types, nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.parsers import expat

from channels.tencent.seal import Unreadable

Fields = Mapping[str, str]

DEEPEST = 8
"""Levels of elements; WeChat's deepest message has five."""

LONGEST_KEY = 128
"""Characters of an openid or a message id; real ones have 28 and 17."""

_UNHEARD = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF} - {9, 10, 13})


_LIST = ("xml", "SubscribeMsg...Event")
"""Under what the lists are that some events bring."""


class _Guard:
    """Collects the leaves under the root, and refuses what WeChat never sends."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.listed: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if attributes or len(self._path) >= DEEPEST:
            raise Unreadable("has attributes or too many levels")
        if len(self._path) == 1 and name in self.fields:
            raise Unreadable(f"says {name[:40]} twice")
        if len(self._path) == len(_LIST) and name == "List":
            self.listed.append({})
        self._path.append(name)
        self._text.clear()

    def _end(self, name: str) -> None:
        self._path.pop()
        if len(self._path) == 1:
            self.fields[name] = "".join(self._text).strip()
        if len(self._path) > len(_LIST) and self._path[len(_LIST)] == "List":
            self.listed[-1][name] = "".join(self._text).strip()
        self._text.clear()

    def _doctype(self, *_: object) -> None:
        raise Unreadable("brings a document type")


def legible(xml: str) -> str:
    """Return a push without the characters that XML cannot hold; some phones send them."""
    return xml.translate(_UNHEARD)


def read(xml: str, needed: Sequence[str]) -> Fields:
    """Return the fields of a message, of which those `needed` say something.

    Raises:
        Unreadable: it is no message, or a trap.
    """
    fields = _guarded(xml).fields
    for name in needed:
        if not fields.get(name):
            raise Unreadable(f"has no {name}")
    return fields


def listed(xml: str) -> Sequence[Fields]:
    """Return the lists that an event brings, each with its leaves.

    Raises:
        Unreadable: it is no message, or a trap.
    """
    return _guarded(xml).listed


def _guarded(xml: str) -> _Guard:
    guard = _Guard()
    try:
        guard.parser.Parse(xml.encode("utf-8", "replace"), True)  # noqa: FBT003 - expat's own
    except expat.ExpatError as error:
        raise Unreadable("is no XML") from error
    return guard


def short(key: str) -> str:
    """Return `key`.

    Raises:
        Unreadable: it is longer than any id.
    """
    if len(key) > LONGEST_KEY:
        raise Unreadable("has an id that is far too long")
    return key
