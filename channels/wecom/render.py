"""From our words to what WeCom takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.message import Choice, Part
from channels.tencent import menu


def bodies(parts: Sequence[Part]) -> tuple[menu.Body, ...]:
    """Return `parts` in as few messages as possible, since WeCom counts them."""
    return tuple(menu.bodies(parts, _item))


def _item(option: Choice) -> dict[str, Any]:
    return {"type": "click", "click": {"id": option.value, "content": option.label}}
