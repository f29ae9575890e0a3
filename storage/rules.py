"""When an entry of the knowledge base applies, to whom, and what else is told with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

Mode = Literal["smart", "exact", "contains"]
Risk = Literal["normal", "strict"]
MODES: tuple[Mode, ...] = get_args(Mode)
RISKS: tuple[Risk, ...] = get_args(Risk)
YEARS = range(1970, 9999)
"""When an entry can begin or end: at the ends of the calendar no zone can be reckoned with."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with an answer: with those of one language, on one channel, or with all."""

    id: str
    name: str
    type: str
    size: int
    language: str = ""
    channel: str = ""

    def goes_with(self, language: str, channel: str) -> bool:
        """Say whether it goes with an answer in this language on this channel."""
        return self.language in ("", language) and self.channel in ("", channel)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything about an entry that is neither a question nor an answer.

    `tags`: a customer needs one of them; `level`: a customer needs at least this one. `related`
    are keys of entries that are offered after the answer, `files` go with it. Every example of
    `must_match` must be answered by the entry, none of `must_not_match` may be.
    """

    mode: Mode = "smart"
    risk: Risk = "normal"
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    tags: tuple[str, ...] = ()
    level: int = 0
    related: tuple[str, ...] = ()
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()
    files: tuple[Attachment, ...] = ()

    def is_valid(self, now: datetime) -> bool:
        """Say whether the entry applies at this moment."""
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_to is None or now < self.valid_to)

    @property
    def ends_early(self) -> bool:
        """Whether it would end before it begins."""
        begins, ends = self.valid_from, self.valid_to
        return begins is not None and ends is not None and ends <= begins

    @property
    def is_for_everybody(self) -> bool:
        """Say whether no customer is left out."""
        return not self.tags and self.level <= 0

    def admits(self, tags: Iterable[str], level: int) -> bool:
        """Say whether a customer with these tags and this level gets the answer."""
        return level >= self.level and (not self.tags or not set(self.tags).isdisjoint(tags))

    def stored(self) -> dict[str, Any]:
        """Return what differs from an entry without rules, as JSON."""
        kept: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value != getattr(_NONE, name):
                kept[name] = _plain(value)
        return kept


def rules_of(stored: Mapping[str, Any]) -> Rules:
    """Return rules as `Rules.stored` wrote them; what nobody can read counts as unsaid."""
    mode, risk, level = stored.get("mode"), stored.get("risk"), stored.get("level")
    return Rules(
        mode=mode if mode in MODES else "smart",
        risk=risk if risk in RISKS else "normal",
        valid_from=_moment(stored.get("valid_from")),
        valid_to=_moment(stored.get("valid_to")),
        tags=_texts(stored.get("tags")),
        level=level if isinstance(level, int) else 0,
        related=_texts(stored.get("related")),
        must_match=_texts(stored.get("must_match")),
        must_not_match=_texts(stored.get("must_not_match")),
        files=tuple(_files(stored.get("files"))),
    )


def over(before: Rules, told: Rules, names: Collection[str]) -> Rules:
    """Return rules with those of these names as they were told, the others as they were before."""
    return replace(before, **{name: getattr(told, name) for name in names})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Attachment):
        return asdict(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _files(value: object) -> Iterator[Attachment]:
    for each in value if isinstance(value, list) else ():
        with suppress(TypeError):
            yield Attachment(**each)


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None or found.year not in YEARS:
        return None
    return found


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


_NONE = Rules()
