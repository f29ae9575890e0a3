"""Hostile copies of what platforms send: the right shape in the main, and something wrong in it.

    chance = random.Random(seed)
    for copy in islice(copies(fixture, chance), 300):
        adapter.receive(... json_bytes(copy) ...)

Fixtures are what JSON holds; nothing here knows a platform or changes what it was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from random import Random
from typing import Any

DEEP = 60
"""Levels of nesting at once; more than these come by and by, and a reader needs its stack."""
MOST_CHANGES = 3

NUMBERS: Sequence[int | float] = (
    *(0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**18, 10**400, -(10**400)),
    *(0.5, -0.0, 5e-324, 1e308, float("nan"), float("inf"), float("-inf")),
)
"""Numbers at and beyond every edge; JSON as Python writes it holds them all."""
SPOILERS: Sequence[str] = (
    *("\ud800", "\udfff", "\udc00\ud83d", "\0", "\x1b[31m", "\r\n", "\x85", "\u2028"),
    *("\u202e", "\u2066", "\u061c", "\u200b", "\u200d", "\ufeff", "\ufe0f", "\u20e3"),
    *("e" + "\u0301" * 300, "👩‍👩‍👧‍👦" * 40, "🇨🇳", "٣", "𠮷", "\ufffe", "\U0010ffff"),
    *("]]>", "<b>&amp;", "{{7*7}}", "${x}", "%s%n", "' OR 1=1--", "../../etc/passwd"),
    *("a" * 20_000, "http://127.0.0.1/", "NaN", "null", "1e999", "", " "),
)
"""Lone surrogates, NUL, marks of direction, what takes no room, and what programs have eaten."""


class Doubled(dict[str, Any]):
    """An object in which one member is written twice, the second time with another value."""

    def __init__(self, members: dict[str, Any], name: str, again: object) -> None:
        super().__init__(members)
        self._again = name, again

    def __deepcopy__(self, memo: dict[int, Any]) -> Doubled:
        return Doubled(deepcopy(dict(self), memo), *deepcopy(self._again, memo))

    def items(self) -> Any:  # noqa: ANN401 - what writers iterate over, no view
        """Return the members, with the one that comes twice."""
        return [*super().items(), self._again]


def xml_bytes(copy: object) -> bytes:
    """Write what may be no object at all as flat XML is written, with whatever stands in it."""
    return _element("xml", copy).encode("utf-8", "surrogatepass")


def _element(name: str, value: object) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        inner = "".join(_element(each, below) for each, below in value.items())
    elif isinstance(value, str) and "]]>" not in value:
        inner = f"<![CDATA[{value}]]>"
    else:
        inner = str(value)
    return f"<{name}>{inner}</{name}>"


def copies(fixture: object, chance: Random) -> Iterator[object]:
    """Yield mutated copies of a fixture for ever, the same ones for the same `chance`."""
    while True:
        found = deepcopy(fixture)
        for _ in range(chance.randint(1, MOST_CHANGES)):
            found = mutated(found, chance)
        yield found


def mutated(value: object, chance: Random) -> object:
    """Return a copy of `value` that is wrong in one place."""
    box = {"": deepcopy(value)}
    holder, key = chance.choice(list(_places(box)))
    chance.choice(CHANGES)(holder, key, chance)
    return box.get("")


def json_bytes(value: object) -> bytes:
    """Write a copy as JSON: NaN as Python writes it, lone surrogates escaped, members twice."""
    return json.dumps(value).encode()


Holder = dict[Any, Any] | list[Any]
Change = Callable[[Holder, Any, Random], None]


def _places(holder: object) -> Iterator[tuple[Holder, Any]]:
    """Yield every place in which a value stands, as what holds it and its key."""
    if isinstance(holder, dict):
        for name in holder:
            yield holder, name
            yield from _places(holder[name])
    elif isinstance(holder, list):
        for number, item in enumerate(holder):
            yield holder, number
            yield from _places(item)


def _swap(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - a name or a number
    here = holder[key]
    others: tuple[object, ...] = (None, True, False, [], {}, [None], {"": None}, "5", 5, 5.5)
    strange = [other for other in others if type(other) is not type(here)]
    if isinstance(here, int):
        strange += [f"{here}"] * len(strange)
    holder[key] = deepcopy(chance.choice(strange))


def _omit(holder: Holder, key: Any, _: Random) -> None:  # noqa: ANN401 - likewise
    del holder[key]


def _double(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    if isinstance(holder, list):
        holder[key:key] = [deepcopy(holder[key])] * chance.choice((1, 1, 50))
    elif isinstance(holder[key], dict) and holder[key]:
        inner = holder[key]
        name = chance.choice(list(inner))
        holder[key] = Doubled(inner, name, chance.choice((None, deepcopy(inner[name]), "again")))
    else:
        holder[f"{key} "] = deepcopy(holder[key])


def _nest(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    nested = holder[key]
    for _ in range(chance.choice((1, 2, DEEP))):
        nested = [nested] if chance.random() < 0.5 else {"a": nested}  # noqa: PLR2004 - even odds
    holder[key] = nested


def _graft(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    """Put what stands elsewhere here, and here may be inside of it."""
    other, place = chance.choice(list(_places({"": holder})))
    holder[key] = deepcopy(other[place])


def _outgrow(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    number = chance.choice(NUMBERS)
    holder[key] = f"{number}" if isinstance(holder[key], str) else number


def _spoil(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    said = holder[key] if isinstance(holder[key], str) else ""
    place = chance.randint(0, len(said))
    holder[key] = said[:place] + chance.choice(SPOILERS) + said[place:]


def _rename(holder: Holder, key: Any, chance: Random) -> None:  # noqa: ANN401 - likewise
    if isinstance(holder, dict):
        holder[chance.choice(SPOILERS)] = holder.pop(key)
    else:
        chance.shuffle(holder)


CHANGES: Sequence[Change] = (
    _swap, _omit, _double, _nest, _graft, _outgrow, _spoil, _rename,
)  # fmt: skip
