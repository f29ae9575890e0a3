"""The rules of an entry as a file has them: read from a row, and written into one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from faq import cells
from faq.rows import Row
from faq.trouble import Trouble
from storage.rules import MODES, RISKS, YEARS, Rules
from storage.zone import ZONE

W = TypeVar("W", bound=str)

# The form of the desk has the same limits.
QUESTION_CHARS = 500
KEY_CHARS = 120
TAGS, TAG_CHARS = 20, 50
HIGHEST_LEVEL = 1000
MOST_RELATED = 3
EXAMPLES = 50

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "mode": "mode",
        "risk": "risk",
        "valid_from": "valid_from",
        "valid_to": "valid_to",
        "audience_tags": "tags",
        "audience_level": "level",
        "related": "related",
        "must_match": "must_match",
        "must_not_match": "must_not_match",
    }
)
"""What each is called in a file, and which of the rules it is."""

_MOMENT = re.compile(
    r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
    r"(?:[ T]+(?P<hour>\d{1,2})(?P<more>:\S+))?",
    re.ASCII,
)
_NONE = Rules()


class BadRow(Trouble):
    """One row is no entry."""


def rules_in(row: Row) -> Rules:
    """Return the rules that a row says; of those that it does not say, what holds without.

    Raises:
        BadRow: one of them cannot be; the message says what is wrong.
    """
    starts = _moment(row.get("valid_from"), "valid_from", timedelta())
    ends = _moment(row.get("valid_to"), "valid_to", timedelta(days=1))
    said = Rules(
        mode=_word(row.get("mode"), "mode", MODES),
        risk=_word(row.get("risk"), "risk", RISKS),
        valid_from=starts,
        valid_to=ends,
        tags=texts(row.get("audience_tags"), "audience_tags", (TAGS, TAG_CHARS), cells.tags),
        level=_level(row.get("audience_level")),
        related=texts(row.get("related"), "related", (MOST_RELATED, KEY_CHARS)),
        must_match=texts(row.get("must_match"), "must_match", (EXAMPLES, QUESTION_CHARS)),
        must_not_match=texts(
            row.get("must_not_match"), "must_not_match", (EXAMPLES, QUESTION_CHARS)
        ),
    )
    if said.ends_early:
        raise BadRow("valid_to is not after valid_from")
    return said


def told_in(row: Row) -> frozenset[str]:
    """Return which of the rules a row says anything of, and be it that there is none."""
    return frozenset(rule for name, rule in NAMES.items() if name in row)


def fields_of(rules: Rules) -> dict[str, Any]:
    """Return the rules as a row has them, without those that are as without."""
    plain = {name: getattr(rules, rule) for name, rule in NAMES.items()}
    return {
        name: _written(value)
        for name, value in plain.items()
        if value != getattr(_NONE, NAMES[name])
    }


def cell(value: object) -> str:
    """Return a field of `fields_of` as one cell of a table."""
    return cells.in_one(value) if isinstance(value, list) else str(value)


def text(value: object, name: str, limit: int) -> str:
    """Return a field that is one text.

    Raises:
        BadRow: it is none, or too long.
    """
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise BadRow("%(name)s must be text", name=name)
    said = str(value).strip()
    if len(said) > limit:
        raise BadRow("%(name)s is longer than %(most)s characters", name=name, most=limit)
    return said


def texts(
    value: object,
    name: str,
    limits: tuple[int, int],
    split: Callable[[str], list[object]] = cells.split,
) -> tuple[str, ...]:
    """Return a field that is a list, each text once; `limits` are of them and of their lengths.

    Raises:
        BadRow: it is no list, or too long.
    """
    most, longest = limits
    if isinstance(value, str):
        value = split(value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadRow("%(name)s must be a list", name=name)
    said = [text(each, f"one of {name}", longest) for each in value]
    kept = tuple(dict.fromkeys(each for each in said if each))
    if len(kept) > most:
        raise BadRow("more than %(most)s in %(name)s", most=most, name=name)
    return kept


def _word(value: object, name: str, known: Sequence[W]) -> W:
    said = text(value, name, 20).lower()
    found = next((word for word in known if word == (said or known[0])), None)
    if found is None:
        raise BadRow(
            "%(name)s %(said)r is not one of %(known)s",
            name=name,
            said=said,
            known=", ".join(known),
        )
    return found


def _level(value: object) -> int:
    said = text(value, "audience_level", 20) or "0"
    if not (said.isascii() and said.isdigit()) or int(said) > HIGHEST_LEVEL:
        raise BadRow("audience_level must be a number from 0 to %(most)s", most=HIGHEST_LEVEL)
    return int(said)


def _moment(value: object, name: str, whole: timedelta) -> datetime | None:
    """Return a moment; of a day that is named without a time, the end comes a `whole` later.

    Who writes that something ends in the year 9999 means that it does not.
    """
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, date) else _spelt_moment(text(value, "", 100))
        if whole and found.year == YEARS.stop:
            return None
        if not isinstance(found, datetime):
            found = datetime.combine(found, time(), ZONE) + whole
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=ZONE)
    if found.year not in YEARS:
        raise BadRow(
            "%(name)s must be a day such as 2026-12-31, or a day and a time such as "
            "2026-12-31 18:00",
            name=name,
        )
    return found if found.tzinfo is not None else found.replace(tzinfo=ZONE)


def _spelt_moment(said: str) -> date:
    found = _MOMENT.fullmatch(said)
    if found is None:
        return date.fromisoformat(said)
    day = f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}"
    if found["hour"] is None:
        return date.fromisoformat(day)
    return datetime.fromisoformat(f"{day} {found['hour']:0>2}{found['more']}")


def _written(value: object) -> Any:  # noqa: ANN401 - whatever a field holds
    if isinstance(value, datetime):
        return value.astimezone(ZONE).isoformat(" ")
    return list(value) if isinstance(value, tuple) else value
