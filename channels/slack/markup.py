"""Slack's own writing: three escaped characters and `<...>` for everything that is not text."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"<([^<>]*)>")


def escape(text: str) -> str:
    """Make `text` mean nothing but itself."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Return the characters behind the three entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def plain(text: str, hidden: frozenset[str] = frozenset()) -> str:
    """Return what a person reads in `text`, without mentions of the users in `hidden`."""
    return unescape(_CONTROL.sub(lambda found: _shown(found[1], hidden), text)).strip()


def mentions(text: str, users: frozenset[str]) -> bool:
    """Is one of `users` called by name in `text`?"""
    return any(
        inner[1:].partition("|")[0] in users
        for inner in _CONTROL.findall(text)
        if inner.startswith("@")
    )


def _shown(inner: str, hidden: frozenset[str]) -> str:
    target, _, label = inner.partition("|")
    match target[:1]:
        case "@":
            return "" if target[1:] in hidden else f"@{label or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:]}"
        case _:
            return label or target.removeprefix("mailto:").removeprefix("tel:")
