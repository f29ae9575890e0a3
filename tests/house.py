"""The rules of the house that no linter knows: `python -m tests.house` lists what breaks them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "channels", "console", "faq", "handlers", "storage")
FILE_LINES, FUNCTION_LINES = 300, 50
VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc|stuff)(_|$)")
INLINE = re.compile(
    r"""<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=["']|javascript:""", re.IGNORECASE
)
UNESCAPED = re.compile(r"\|\s*safe\b|autoescape\s+false")
CLOCK = re.compile(r"datetime\.now\(|time\.time\(|uuid4\(\)|random\.|secrets\.")
CLOCK_FREE = ("handlers", "faq")


def sources() -> Iterator[Path]:
    """Yield the product's own files."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "versions" not in path.parts:
                yield path


def too_long(path: Path, tree: ast.Module, text: str) -> Iterator[str]:
    """Yield files and functions over the limit."""
    lines = text.count("\n") + 1
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, over {FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            size = (node.end_lineno or 0) - node.lineno + 1 - len((doc or "").splitlines())
            if size > FUNCTION_LINES:
                yield f"{path}:{node.lineno} {node.name}: {size} lines, over {FUNCTION_LINES}"


def committing(path: Path, tree: ast.Module) -> Iterator[str]:
    """Yield commits outside the one place that may."""
    if path.parts[-2:] in {("storage", "database.py"), ("storage", "schema.py")}:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield f"{path}:{node.lineno}: only storage/database.py commits"


def own_clock(path: Path, text: str) -> Iterator[str]:
    """Yield time, randomness and ids that were not handed in."""
    if path.relative_to(ROOT).parts[0] not in CLOCK_FREE:
        return
    for number, line in enumerate(text.splitlines(), 1):
        if CLOCK.search(line) and "noqa" not in line:
            yield f"{path}:{number}: take time, randomness and ids as arguments"


def templates() -> Iterator[str]:
    """Yield what the content security policy or an attacker would find in the templates."""
    for path in sorted((ROOT / "console/templates").rglob("*.html")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if INLINE.search(line):
                yield f"{path}:{number}: no inline script, style or handler"
            if UNESCAPED.search(line):
                yield f"{path}:{number}: every text is escaped"


def problems() -> list[str]:
    """Return everything that breaks a rule."""
    found = list(templates())
    for path in sources():
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        found += [*too_long(path, tree, text), *committing(path, tree), *own_clock(path, text)]
        if VAGUE.search(path.stem):
            found.append(f"{path}: a name that says nothing")
    return found


def main() -> int:
    """Print what breaks a rule; return the exit status."""
    found = problems()
    for line in found:
        print(line.replace(f"{ROOT}/", ""))  # noqa: T201 - a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
