"""Reads what a run left in its database, read-only: recovering it is the product's business."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from channels.simulation import Simulator
from tests.kill.judge import Talk
from tests.kill.script import QUESTIONS, marks_in, said_by

WAITING = """
SELECT (SELECT count(*) FROM inboundevent WHERE lane IS NOT NULL AND done_at IS NULL)
     + (SELECT count(*) FROM delivery WHERE status IN ('pending', 'sending'))
"""
UNFINISHED = """
SELECT 'in', lane, sequence, 'unread' FROM inboundevent
WHERE lane IS NOT NULL AND done_at IS NULL
UNION ALL
SELECT 'out', lane, sequence, status FROM delivery WHERE status IN ('pending', 'sending')
"""
RESTING = "SELECT ready_at, lease_until, attempts FROM lane WHERE kind = ? AND key = ?"
SAID = """
SELECT m.parts FROM message m JOIN conversation c ON c.id = m.conversation_id
WHERE c.inbox = ? AND m.author = 'contact' ORDER BY c.thread, m.position
"""
REPLIED = """
SELECT m.parts, d.status FROM delivery d JOIN message m ON m.id = d.message_id
WHERE d.inbox = ? ORDER BY d.sequence
"""
DOUBTED = "SELECT lane, sequence, problem FROM delivery WHERE status = 'uncertain'"
GAPS = {
    "a thread's positions": """
        SELECT c.inbox || ':' || c.thread FROM message m
        JOIN conversation c ON c.id = m.conversation_id
        GROUP BY c.inbox, c.thread
        HAVING count(DISTINCT m.position) != count(*) OR max(m.position) != count(*)""",
    "a lane's events": """
        SELECT lane FROM inboundevent WHERE lane IS NOT NULL
        GROUP BY lane HAVING count(DISTINCT sequence) != count(*) OR max(sequence) != count(*)""",
    "a lane's deliveries": """
        SELECT lane FROM delivery
        GROUP BY lane HAVING count(DISTINCT sequence) != count(*) OR max(sequence) != count(*)""",
    "a lane's progress": "SELECT key FROM lane WHERE done != last_in",
}
"""Queries that return what is not numbered without gaps, or not worked to its end."""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database that another process writes, without ever writing to it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection


def is_settled(path: Path) -> bool:
    """Say whether nothing is on its way any more; while it cannot be read, it is not."""
    try:
        with reading(path) as connection:
            (waiting,) = connection.execute(WAITING).fetchone()
    except sqlite3.OperationalError:
        return False
    return waiting == 0


def unfinished(path: Path) -> list[str]:
    """Return what is still on its way and how its lane is, for who wonders why nothing moves."""
    found = []
    with reading(path) as connection:
        for kind, lane, sequence, state in connection.execute(UNFINISHED):
            rests = connection.execute(RESTING, [kind, lane]).fetchone()
            ready, lease, attempts = rests or (None, None, 0)
            where = f"{kind} {lane} {sequence} is {state}"
            found.append(f"{where}, ready {ready}, leased {lease}, {attempts} tries")
    return found


def doubts(path: Path) -> list[str]:
    """Return why each reply is in doubt: a platform may also just have taken too long."""
    with reading(path) as connection:
        rows = connection.execute(DOUBTED).fetchall()
    return [f"in doubt: {lane} {sequence}, {problem}" for lane, sequence, problem in rows]


def damage(path: Path) -> list[str]:
    """Return what is wrong with the file itself, and with what must be gapless in it."""
    with reading(path) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        found = [] if verdict == "ok" else [f"integrity: {verdict}"]
        for what, query in GAPS.items():
            found += [f"gap: {what} {key}" for (key,) in connection.execute(query)]
    return found


def talks(
    path: Path, simulators: dict[str, Simulator], everybody: Iterable[tuple[str, int]]
) -> dict[str, Talk]:
    """Return every conversation, as it was said, stored, answered and seen."""
    found = {}
    with reading(path) as connection:
        for name, customer in everybody:
            said, inbox = said_by(name, customer), [f"shop_{name}"]
            stored = [_number(parts) for (parts,) in connection.execute(SAID, inbox)]
            replies = {
                number: status
                for parts, status in connection.execute(REPLIED, inbox)
                for number in marks_in(parts)
                if number in said
            }
            shown = [
                number
                for seen in simulators[name].seen_by(f"lily{customer}")
                for number in marks_in(seen.text)
            ]
            mine = [number for number in stored if number in said]
            found[f"{name}{customer}"] = Talk(said, mine, shown, replies, name == "webchat")
    return found


def _number(parts: str) -> int:
    return QUESTIONS.index(json.loads(parts)[0]["text"])
