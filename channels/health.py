"""How an account is doing: what a check finds, and what a channel that can be checked offers.

Every text is a constant of ours, in English, marked for the desk's translation; what a platform
said stands in `values` alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from channels.errors import ChannelError, Retryable

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is and, where it is not well, the mend. No secrets."""

    level: Level
    what: str
    mend: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict, hash=False)
    """What fills the `%(name)s` of both texts."""

    @property
    def line(self) -> str:
        """Both texts as one line of English."""
        return "; ".join(text % self.values for text in (self.what, self.mend) if text)


@dataclass(frozen=True, slots=True)
class Report:
    """What one check of an account found."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst of all."""
        found = {finding.level for finding in self.findings}
        return "problem" if "problem" in found else "warning" if "warning" in found else "ok"


@runtime_checkable
class Checked(Protocol):
    """A channel that can ask its platform how the account is."""

    async def check(self, callback: str | None) -> Sequence[Finding]:
        """Ask, changing nothing; only while the channel is open.

        `callback` is the address at which the platform should call us, None if we have none.

        Raises:
            ChannelError: the platform cannot be asked now, or does not let us in.
        """
        ...

    def explain(self, error: ChannelError) -> Finding | None:
        """Return what an error of this platform's means and how it is mended, if that is known."""
        ...


def mark(text: str) -> str:
    """Name a text that the desk translates later; returns it as it is."""
    return text


def fine(what: str, **values: str | int) -> Finding:
    """Return that something is as it should be."""
    return Finding("ok", what, values=values)


def warn(what: str, mend: str, **values: str | int) -> Finding:
    """Return that something works, but not as well as it could, or not for long."""
    return Finding("warning", what, mend, values)


def wrong(what: str, mend: str, **values: str | int) -> Finding:
    """Return that something does not work until somebody mends it."""
    return Finding("problem", what, mend, values)


def explained(error: ChannelError, mends: Mapping[str, str]) -> Finding | None:
    """Return an error with its mend, found by a code or a word that the error tells of."""
    mend = next((mends[word] for word in re.findall(r"\w+", str(error)) if word in mends), None)
    return None if mend is None else refusal(error, mend)


def refusal(error: ChannelError, mend: str) -> Finding:
    """Return that the platform said no, and how that is mended; `mend` is marked elsewhere."""
    return Finding("problem", REFUSED, mend, {"problem": str(error)})


REFUSED = mark("The platform says no: %(problem)s")


async def ask_each(
    explain: Callable[[ChannelError], Finding | None], *questions: Callable[[], Awaitable[Finding]]
) -> tuple[Finding, ...]:
    """Return what the questions found; a question that is refused is a finding itself.

    Raises:
        Retryable: the platform cannot be asked now, so that one line is enough.
    """
    found = []
    for question in questions:
        try:
            found.append(await question())
        except Retryable:
            raise
        except ChannelError as error:
            found.append(explain(error) or _unanswered(error))
    return tuple(found)


def _unanswered(error: ChannelError) -> Finding:
    return warn(
        "One question was not answered: %(problem)s",
        "check again later; the rest works without it",
        problem=str(error),
    )
