"""What generated pages are made of: tables, and a model's settings as one of them."""
# ruff: noqa: INP001 - documentation is no package

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

NOTICE = "<!-- written by `python -m docs.generate`; change the code, not this page -->"
NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "yes or no"}
LIMITS = {
    "exclusiveMinimum": "more than",
    "minimum": "at least",
    "maximum": "at most",
    "maxItems": "at most",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table, free of what would end it."""

    text: str

    def __str__(self) -> str:
        return " ".join(self.text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(Cell(str(cell))) for cell in line)} |" for line in lines)


def page(title: str, lead: str, *sections: str) -> str:
    """Return a whole page."""
    return "\n\n".join([f"# {title}", NOTICE, dedent(lead).strip(), *sections]) + "\n"


def code(text: object) -> str:
    """Return `text` as code, or nothing."""
    return f"`{text}`" if str(text) else ""


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings that stand below a model's fields."""
    (parsed,) = ast.parse(dedent(inspect.getsource(model))).body
    lines = parsed.body if isinstance(parsed, ast.ClassDef) else []
    found = {}
    for field, below in pairwise(lines):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = str(below.value.value)
    return found


def kind_of(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in words."""
    if alternatives := schema.get("anyOf"):
        return " or ".join(kind_of(each) for each in alternatives if each.get("type") != "null")
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    if schema.get("format") == "password":
        return "secret"
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {'type': 'string'}))}"
    if schema.get("type") == "object":
        return "mapping"
    return NAMES.get(str(schema.get("type")), "text") + "".join(limits_of(schema))


def limits_of(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the borders of a number, in words."""
    for name, words in LIMITS.items():
        if name in schema:
            yield f", {words} {schema[name]}"


def default_of(schema: Mapping[str, Any], *, required: bool) -> str:
    """Return what holds when a key is left out."""
    if required:
        return "**needed**"
    found = schema.get("default")
    if found is None:
        return ""
    return code(json.dumps(found, ensure_ascii=False) if not isinstance(found, str) else found)


def keys(model: type[BaseModel], *, without: Iterable[str] = ()) -> str:
    """Return a table of a model's settings."""
    schema, docs = model.model_json_schema(), attribute_docs(model)
    rows = [
        (
            code(name),
            kind_of(field),
            default_of(field, required=name in schema.get("required", ())),
            field.get("description") or docs.get(name, ""),
        )
        for name, field in schema["properties"].items()
        if name not in without
    ]
    return table(("key", "value", "default", "what it does"), rows)


def one_line(thing: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]
