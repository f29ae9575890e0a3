"""Files of WeChat's and WeCom's: what customers sent, for three days.

`media/get` answers with the file, with JSON that says why not (also under HTTP 200), or, of a
video, with JSON that says where it lies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from channels.errors import Unavailable
from channels.files import Download

LARGEST_REFUSAL = 64 * 1024
_TOLD = (None, "application/json", "text/plain", "text/json")
"""How the platforms declare what is no file."""


def is_told(found: Download) -> bool:
    """Say whether an answer is no file but words about one."""
    return found.type in _TOLD


async def read_told(found: Download) -> Mapping[str, Any]:
    """Return what was said instead of a file.

    Raises:
        Unavailable: nothing sensible.
    """
    body = b""
    async for chunk in found.chunks:
        body += chunk
        if len(body) > LARGEST_REFUSAL:
            raise Unavailable("neither a file nor a reason")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Unavailable("neither a file nor a reason")
    return told
