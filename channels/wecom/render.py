"""From our words to what WeCom takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.message import Choice, Part
from channels.tencent import menu

GREETINGS = frozenset({"text", "msgmenu"})
"""What can be said with the code of who has just come in."""


def bodies(parts: Sequence[Part], uploaded: Mapping[str, str]) -> tuple[menu.Body, ...]:
    """Return `parts` in as few messages as possible, since WeCom counts them.

    `uploaded` has WeCom's ids of the files among them, by their refs.
    """
    return tuple(menu.bodies(parts, _item, uploaded))


def _item(option: Choice) -> dict[str, Any]:
    return {"type": "click", "click": {"id": option.value, "content": option.label}}
