"""psycopg's connection with what we add to it; importing this needs the extra `postgres`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import psycopg
from psycopg.errors import Diagnostic
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumper

from storage.pg_many import change_at_once, insert_at_once

Given = Mapping[str, Any]
_MARK = "SAVEPOINT mark"
_FORGETFUL = "SET LOCAL synchronous_commit TO off"
_BEGIN = {
    (each, reads): f"BEGIN ISOLATION LEVEL {level} {mode}"
    for each, level in ((True, "READ COMMITTED"), (False, "REPEATABLE READ"))
    for reads, mode in ((True, "READ ONLY"), (False, "READ WRITE"))
}
# Of several statements on their way the first that fails is told; the others fail because of it.
logging.getLogger("psycopg").addFilter(
    lambda record: not str(record.msg).startswith("error ignored terminating")
)


class _WithoutNul(StrDumper):
    """Text as PostgreSQL can keep it: it has no character number zero."""

    def dump(self, obj: str) -> Any:  # noqa: ANN401 - the driver's buffer
        return super().dump(obj.replace("\x00", "") if "\x00" in obj else obj)


class Raw(psycopg.Connection[Any]):
    """A connection that notes when a commit was warned of.

    What returns nothing is not sent at once: it goes along with the next statement that somebody
    waits for, in one round trip, and so does the beginning of the transaction.
    """

    closing = warned = False

    @cached_property
    def own(self) -> psycopg.Cursor[Any]:
        """A cursor for one statement after the other: making one costs as much as a statement."""
        return self.cursor()

    @cached_property
    def _aside(self) -> psycopg.Cursor[Any]:
        """Another one, for what returns nothing."""
        return self.cursor()

    @cached_property
    def _queue(self) -> list[tuple[str, Sequence[Given]]]:
        """What is to be sent, in order."""
        return []

    @classmethod
    def opened(cls, target: Mapping[str, Any], *, read_only: bool) -> Self:
        """Connect."""
        raw = cls.connect(**target)
        raw.read_only = read_only
        raw.adapters.register_dumper(str, _WithoutNul)
        raw.add_notice_handler(raw.note)
        return raw

    def begin_anew(self, *, each_statement: bool, alone: bool, lasting: bool) -> None:
        """Forget what the last transaction was told, and begin one with the first statement."""
        self.closing = self.warned = False
        if not self.autocommit:
            self.autocommit = True
        self._queue.clear()
        if not alone:
            self.later(_BEGIN[each_statement, bool(self.read_only)], [{}])
        if not lasting:
            self.forget_if_lost()

    def forget_if_lost(self) -> None:
        """Let a dying server forget this transaction."""
        self.later(_FORGETFUL, [{}])

    def later(self, sql: str, rows: Sequence[Given]) -> None:
        """Run a statement for each of the rows, or at once for all, before the next one is run."""
        self._queue.append((sql, rows))

    def flush(self) -> None:
        """Run what was put off."""
        if self._queue:
            with self.pipeline():
                self._send()

    @property
    def is_broken(self) -> bool:
        """Whether a statement has failed: to commit would be to roll back, and nobody would say."""
        return self.info.transaction_status is TransactionStatus.INERROR

    def drop(self) -> None:
        """Forget what was put off: it is to be taken back anyway."""
        self._queue.clear()

    def mark(self) -> None:
        """Remember how far this transaction came."""
        self.later(_MARK, [{}])

    def back_to_mark(self) -> None:
        """Take back what was done since the mark, and nothing from before it."""
        waiting = [sql for sql, _ in self._queue]
        if _MARK in waiting:
            del self._queue[waiting.index(_MARK) :]
            return
        self._queue.clear()
        self.own.execute(f"ROLLBACK TO {_MARK}".encode())

    @property
    def has_waiting(self) -> bool:
        """Whether something was put off."""
        return bool(self._queue)

    def fetch(self, sql: str, given: Given) -> list[tuple[Any, ...]]:
        """Run what was put off, then a statement; return its rows."""
        if not self._queue:
            return self.own.execute(sql.encode(), given).fetchall()
        with self.pipeline():
            self._send()
            self.own.execute(sql.encode(), given)
        return self.own.fetchall()

    def fetch_each(self, sql: str, given: Sequence[Given]) -> list[list[tuple[Any, ...]]]:
        """Do so with a statement for each of the values, in one round trip for all."""
        asked = [self.cursor() for _ in given]
        with self.pipeline():
            self._send()
            for cursor, values in zip(asked, given, strict=True):
                cursor.execute(sql.encode(), values)
        return [cursor.fetchall() for cursor in asked]

    def _send(self) -> None:
        queue = self._queue[:]
        self._queue.clear()
        for sql, rows in queue:
            if insert_at_once(self._aside, sql, rows, None):
                continue
            if not change_at_once(self._aside, sql, rows):
                for row in rows:
                    self._aside.execute(sql.encode(), row)

    def note(self, notice: Diagnostic) -> None:
        """Take a warning during COMMIT as what it is: the standby may not have it.

        Its words cannot be compared, they come in the server's language.
        """
        if self.closing and notice.severity_nonlocalized == "WARNING":
            self.warned = True
