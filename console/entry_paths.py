"""The address of an entry's page, whatever its key is."""

from __future__ import annotations

from urllib.parse import quote, urlencode

PAGES = frozenset(
    {
        "categories",
        "chosen",
        "entry",
        "export",
        "files",
        "gaps",
        "import",
        "learning",
        "near",
        "new",
        "plans",
        "publish",
        "rehearsals",
        "releases",
        "tests",
        "try",
    }
)
"""What comes behind `/kb/` and is no entry; a test holds it to the routes."""
ANY = "/kb/entry"
"""The address that takes any key, as `?key=`."""


def entry_path(key: str, told: str = "") -> str:
    """Return the address of an entry's page.

    A key that would lead to another page, or that browsers change on the way, goes as a parameter.
    """
    steps = key.split("/")
    fits = steps[0] not in PAGES and {"", ".", ".."}.isdisjoint(steps) and key.isprintable()
    said = {"told": told} if told else {}
    if not fits:
        return f"{ANY}?{urlencode({'key': key, **said})}"
    return f"/kb/{quote(key)}" + (f"?{urlencode(said)}" if said else "")
