"""The plain YAML that exports are written in, read a hundred times faster than any YAML.

One entry after the other, every text in double quotes, nothing nested but lists and mappings of
texts. Whatever is written in another way is for a real YAML reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_KEY = r"([A-Za-z_][\w.-]*|\"(?:[^\"\\]|\\.)*\")"
_FIELD = re.compile(rf'(- |  ){_KEY}:(?: (".*"|\[\]|\{{\}}))?', re.ASCII)
_ITEM = re.compile(r'  - (".*")')
_PAIR = re.compile(rf'    {_KEY}: (".*")', re.ASCII)
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""What JSON writes as it is and YAML does not take."""


class _OtherYaml(Exception):
    """It is not of this kind."""


def write(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of rows whose values are texts, lists of texts or mappings to texts."""
    for row in rows:
        lead = "- "
        for name, value in row.items():
            yield from _field(f"{lead}{_key(name)}:", value)
            lead = "  "


def _field(head: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{head}\n"
        for key, text in value.items():
            yield f"    {_key(key)}: {_quoted(text)}\n"
    elif isinstance(value, list) and value:
        yield f"{head}\n"
        for text in value:
            yield f"  - {_quoted(text)}\n"
    elif isinstance(value, Mapping | list):
        yield f"{head} {'{}' if isinstance(value, Mapping) else '[]'}\n"
    else:
        yield f"{head} {_quoted(value)}\n"


def _key(name: str) -> str:
    """Return a key bare, unless YAML 1.1 could take it for a truth, a number or nothing."""
    bare = re.fullmatch(r"[a-z][a-z_.-]{2,}|[a-z]{2}", name) and name not in {
        "no", "on", "yes", "off", "true", "false", "null",
    }  # fmt: skip
    return name if bare else _quoted(name)


def _quoted(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def read(text: str) -> list[dict[str, Any]] | None:
    """Return the rows of such a file, None if it is written in another way."""
    try:
        return _rows(text)
    except (_OtherYaml, ValueError, RecursionError):
        return None


def _rows(text: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    open_field = ""
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        if found := _FIELD.fullmatch(line):
            lead, key, value = found.groups()
            if lead == "- ":
                rows.append({})
            open_field = _begin(rows, _name(key), value)
        else:
            _go_on(rows, open_field, line)
    is_whole = all(value is not None for row in rows for value in row.values())
    return rows if is_whole else []


def _go_on(rows: list[dict[str, Any]], open_field: str, line: str) -> None:
    """Take a line that belongs to the list or the mapping of an open field."""
    if found := _ITEM.fullmatch(line):
        _list(rows, open_field).append(_string(found[1]))
    elif found := _PAIR.fullmatch(line):
        name, pairs = _name(found[1]), _mapping(rows, open_field)
        if name in pairs:
            raise _OtherYaml
        pairs[name] = _string(found[2])
    else:
        raise _OtherYaml


def _begin(rows: list[dict[str, Any]], name: str, value: str | None) -> str:
    if not rows or name in rows[-1]:
        raise _OtherYaml
    if value is None:
        rows[-1][name] = None
    elif value in {"[]", "{}"}:
        rows[-1][name] = [] if value == "[]" else {}
    else:
        rows[-1][name] = _string(value)
    return name if value is None else ""


def _list(rows: list[dict[str, Any]], name: str) -> list[str]:
    found: list[str] = _opened(rows, name, list)
    return found


def _mapping(rows: list[dict[str, Any]], name: str) -> dict[str, str]:
    found: dict[str, str] = _opened(rows, name, dict)
    return found


def _opened(rows: list[dict[str, Any]], name: str, kind: type) -> Any:  # noqa: ANN401 - of `kind`
    if not name:
        raise _OtherYaml
    if rows[-1][name] is None:
        rows[-1][name] = kind()
    if not isinstance(rows[-1][name], kind):
        raise _OtherYaml
    return rows[-1][name]


def _name(key: str) -> str:
    return _string(key) if key.startswith('"') else key


def _string(text: str) -> str:
    value = json.loads(text)
    if not isinstance(value, str):
        raise _OtherYaml
    return value
