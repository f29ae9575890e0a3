"""A statement as its driver takes it: its text, and how its values are written and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Any

Encode = Callable[[Any], Any] | None
Row = Sequence[Any]
AMONG = "IN (SELECT value FROM json_each(?))"
"""How SQLite is asked for one of many values that are one parameter."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement as its driver takes it, and how each of its values is written and read."""

    sql: str
    positional: bool
    encoders: Sequence[tuple[str, Encode]]
    fixed: Mapping[str, Any]
    decoders: Sequence[Encode]
    spelt: Sequence[str] = ()
    many: Mapping[str, Encode] = field(default_factory=dict)
    """What takes many values as one, and how each of them is written."""
    pick: Callable[[Mapping[str, Any]], Row] = field(init=False)
    written: Sequence[tuple[int, Encode]] = field(init=False)
    read: Sequence[tuple[int, Encode]] = field(init=False)

    def __post_init__(self) -> None:
        """Work out what every run needs: where the values are, and which are coded at all."""
        names = [name for name, _ in self.encoders]
        codes = [(name not in self.fixed and code) or None for name, code in self.encoders]
        object.__setattr__(self, "pick", _picker(names))
        object.__setattr__(self, "written", _coders(codes))
        object.__setattr__(self, "read", _coders(self.decoders))

    def spelt_out(self, given: Mapping[str, Any]) -> Plan:
        """Return the plan with the values of `spelt` in its text."""
        sql, encoders = self.sql, list(self.encoders)
        for at in reversed(range(len(encoders))):
            name, code = encoders[at]
            if name in self.spelt:
                word = coded(self.fixed.get(name, given.get(name)), code)
                sql = _replace_mark(sql, at, f"'{word}'")
                del encoders[at]
        return replace(self, sql=sql, encoders=encoders, spelt=())

    def for_one(self) -> Plan:
        """Return the plan for where all that takes many values is given a single one."""
        encoders = [
            (name, _only(self.many[name]) if name in self.many else code)
            for name, code in self.encoders
        ]
        return replace(self, sql=self.sql.replace(AMONG, "= ?"), encoders=encoders, many={})

    def rows(self, given: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return the rows as the driver takes them; None is NULL, also where JSON has a null."""
        fixed, pick = self.fixed, self.pick
        picked = [pick({**row, **fixed}) for row in given] if fixed else list(map(pick, given))
        rows = recoded(picked, self.written)
        if self.positional:
            return rows
        names = [name for name, _ in self.encoders]
        return [dict(zip(names, row, strict=True)) for row in rows]


def _only(code: Encode) -> Encode:
    return lambda values: coded(next(iter(values)), code)


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Row]:
    """Return what takes the values of these names out of a row."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: [row[name] for name in names]


def _coders(codes: Sequence[Encode]) -> Sequence[tuple[int, Encode]]:
    return [(place, code) for place, code in enumerate(codes) if code is not None]


def recoded(rows: Sequence[Row], coders: Sequence[tuple[int, Encode]]) -> list[Row]:
    """Write or read what of the rows needs it."""
    if not (rows and coders):
        return list(rows)
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    for place, code in coders:
        columns[place] = _column(columns[place], code)
    return list(zip(*columns, strict=True))


def coded(value: Any, code: Encode) -> Any:  # noqa: ANN401 - of any column
    """Write or read one value; None stays what it is."""
    return value if value is None or code is None else code(value)


def _column(values: Sequence[Any], code: Encode) -> Sequence[Any]:
    """Write or read the values of one column."""
    if code is None:
        return values
    if len(values) == 1:
        return (coded(values[0], code),)
    made, last, now = [], None, None
    for value in values:
        # Much of what is written at once is the very same object: this moment, this thread.
        if value is not last:
            last, now = value, None if value is None else code(value)
        made.append(now)
    return made


def _replace_mark(sql: str, number: int, text: str) -> str:
    """Put a text in the place of a parameter's mark; nothing else in our SQL looks like one."""
    parts = sql.split("?")
    before, after = "?".join(parts[: number + 1]), "?".join(parts[number + 1 :])
    return f"{before}{text}{after}"
