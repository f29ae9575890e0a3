"""What to change in the configuration, in words that quote no value: it may be a secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Said: TypeAlias = Callable[[Mapping[str, Any]], str]

_NAMED = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""How a choice of ours is quoted by the library."""
_YAML: tuple[tuple[str, str], ...] = (
    (r"character '\t'", "begin the line with spaces instead of a tab"),
    ("found duplicate key", "the key stands there already; keep one of the two"),
    (
        "mapping values are not allowed",
        "either the line is indented too far, or its value has a colon in it and needs quotes",
    ),
    ("found unexpected end of stream", "a quote is not closed"),
)
_VALUES: Mapping[str, Said] = {
    "int_parsing": lambda _: "write a whole number",
    "int_type": lambda _: "write a whole number",
    "int_from_float": lambda _: "write a whole number",
    "float_parsing": lambda _: "write a number",
    "float_type": lambda _: "write a number",
    "bool_parsing": lambda _: "write true or false",
    "bool_type": lambda _: "write true or false",
    "string_type": lambda _: "is a text; write it in quotes",
    "tuple_type": lambda _: "write a list, as in [one, two]",
    "list_type": lambda _: "write a list, as in [one, two]",
    "dict_type": lambda _: "write keys and values below it",
    "model_type": lambda _: "write keys and values below it",
    "literal_error": lambda about: f"write one of {_choices(about)}",
    "enum": lambda about: f"write one of {_choices(about)}",
    "greater_than": lambda about: f"must be more than {about['gt']}",
    "greater_than_equal": lambda about: f"must be at least {about['ge']}",
    "less_than": lambda about: f"must be less than {about['lt']}",
    "less_than_equal": lambda about: f"must be at most {about['le']}",
    "value_error": lambda about: str(about["error"]),
}


def of_value(kind: str, about: Mapping[str, Any], otherwise: str) -> str:
    """Return what is wrong with one value, by the library's name for it."""
    said = _VALUES.get(kind)
    return said(about) if said is not None else otherwise


def of_yaml(problem: str) -> str:
    """Return how a line that is no YAML is mended, as far as that can be told."""
    known = (mend for sign, mend in _YAML if sign in problem)
    return next(known, "look at the indentation, the brackets and the quotes there")


def _choices(about: Mapping[str, Any]) -> str:
    return _NAMED.sub(r"\1", str(about["expected"])).replace(" or ", ", ").replace("'", "")
