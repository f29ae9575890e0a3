"""Read what Slack sent without believing its shape: a wrong type is as good as nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Tree = Mapping[str, Any]


class Unreadable(Exception):
    """A genuine call lacks what its kind always has."""


def word(tree: Tree, *path: str) -> str:
    """Return the string at `path`, or nothing."""
    *above, last = path
    found = branch(tree, *above).get(last)
    return found if isinstance(found, str) else ""


def needed(tree: Tree, *path: str) -> str:
    """Return the string at `path`.

    Raises:
        Unreadable: there is none.
    """
    if found := word(tree, *path):
        return found
    raise Unreadable(f"no {'.'.join(path)}")


def branch(tree: Tree, *path: str) -> Tree:
    """Return the object at `path`, or an empty one."""
    found: object = tree
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def twigs(tree: Tree, name: str) -> tuple[Tree, ...]:
    """Return the objects in the list called `name`."""
    found = tree.get(name)
    if not isinstance(found, list):
        return ()
    return tuple(item for item in found if isinstance(item, Mapping))


def number(tree: Tree, name: str) -> int | None:
    """Return the whole number called `name`, or None."""
    found = tree.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def moment(stamp: str, otherwise: datetime) -> datetime:
    """Return the time that a `ts` like `1700000000.000100` means."""
    try:
        seconds = float(stamp)
        if not math.isfinite(seconds) or seconds <= 0:
            return otherwise
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
