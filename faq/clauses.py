"""Takes a long message apart, without what the customer does not want."""

from __future__ import annotations

import re

from faq.denials import NOT
from faq.normalize import HAN, bare, normalize, strip_courtesies, tidy

LONG = 30
MOST_CLAUSES = 4

_BREAK = re.compile(rf"[,，。.!！?？;；、…\n~]+(?=\s|$|[^\d])|(?<=[{HAN}])\s+(?=[{HAN}])")
_NEGATED_CLAUSE = re.compile(rf"^(?:我|我们|i )?(?:{NOT})")
_MIN_WORDS = 2


def clauses(text: str, form: str, limit: int = 500) -> list[str]:
    """Return the clauses worth asking on their own, or none where the text is one question.

    What a customer says they do *not* want is left out as soon as they say something else.
    """
    parts = [part for part in _parts(text, limit) if part != form]
    if len(parts) < 2 and len(form) <= LONG:  # noqa: PLR2004 - one clause is the whole
        return []
    wanted = [part for part in parts if not _NEGATED_CLAUSE.match(part)]
    return [normalize(part) for part in (wanted or parts)[-MOST_CLAUSES:]]


def takes_back(text: str, limit: int = 500) -> bool:
    """Say whether a message names what is *not* wanted beside something that is."""
    denied = [_NEGATED_CLAUSE.match(part) is not None for part in _parts(text, limit)]
    return any(denied) and not all(denied)


def _parts(text: str, limit: int) -> list[str]:
    parts = [bare(part) for part in _BREAK.split(strip_courtesies(tidy(text, limit)))]
    return [part for part in dict.fromkeys(parts) if _says_something(part)]


def _says_something(part: str) -> bool:
    return len(re.findall(rf"[{HAN}]|[a-z0-9]+", part)) > _MIN_WORDS
