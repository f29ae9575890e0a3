"""psycopg's connection with what we add to it; importing this needs the extra `postgres`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import psycopg
from psycopg import IsolationLevel
from psycopg.errors import Diagnostic
from psycopg.types.string import StrDumper


class _WithoutNul(StrDumper):
    """Text as PostgreSQL can keep it: it has no character number zero."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401 - the driver's buffer
        return super().dump(obj.replace("\x00", "") if "\x00" in obj else obj)


class Raw(psycopg.Connection[Any]):
    """A connection that notes when a commit was warned of."""

    closing = warned = False

    @cached_property
    def own(self) -> psycopg.Cursor[Any]:
        """A cursor for one statement after the other: making one costs as much as a statement."""
        return self.cursor()

    @classmethod
    def opened(cls, target: Mapping[str, Any], *, read_only: bool) -> Self:
        """Connect."""
        raw = cls.connect(**target)
        raw.read_only = read_only
        raw.adapters.register_dumper(str, _WithoutNul)
        raw.add_notice_handler(raw.note)
        return raw

    def begin_anew(self, *, each_statement: bool, alone: bool) -> None:
        """Forget what the last transaction was told."""
        self.closing = self.warned = False
        if self.autocommit is not alone:
            self.autocommit = alone
        level = IsolationLevel.READ_COMMITTED if each_statement else IsolationLevel.REPEATABLE_READ
        if self.isolation_level is not level:
            self.isolation_level = level

    def note(self, notice: Diagnostic) -> None:
        """Take a warning during COMMIT as what it is: the standby may not have it.

        Its words cannot be compared, they come in the server's language.
        """
        if self.closing and notice.severity_nonlocalized == "WARNING":
            self.warned = True
