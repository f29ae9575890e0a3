"""What stands in a table's cells: made harmless for spreadsheets, and read back unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

CELL_CHARS = 30_000
"""How much of a list is written into one cell: a spreadsheet takes no more than 32,767."""

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
_BREAK = re.compile(r"[\r\n|｜]")


def guarded(cell: str) -> str:
    """Return a cell of a CSV that no spreadsheet runs as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def told_apart(cell: str) -> str:
    """Return a cell of a workbook, whose texts are no formulas; only what looks guarded is."""
    return f"'{cell}" if _QUOTED_FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return what a cell said before it was guarded."""
    return cell[1:] if _QUOTED_FORMULA.match(cell) else cell


def joined(texts: Sequence[str]) -> list[str]:
    """Return a list as cells: one text a line, or as JSON where that would say something else."""
    cells: list[list[str]] = [[]]
    size = 0
    for text in texts:
        length = len(json.dumps(text)) + 2
        if size + length > CELL_CHARS and cells[-1]:
            cells.append([])
            size = 0
        cells[-1].append(text)
        size += length
    return [in_one(each) for each in cells if each]


def in_one(texts: Sequence[str]) -> str:
    """Return a list that is short as one cell."""
    if texts[0].startswith("[") or any(_BREAK.search(text) for text in texts):
        return json.dumps(list(texts), ensure_ascii=False)
    return "\n".join(texts)


def tags(cell: str) -> list[object]:
    """Return the tags of a cell: between them, commas and semicolons do as well."""
    return [tag for part in split(cell) for tag in re.split(r"[,，;；]", str(part))]


def split(cell: str) -> list[object]:
    """Return the texts of a cell that holds a list; `|` may stand between them too."""
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list):
            return found
    return [text for text in _BREAK.split(cell) if text.strip()]
