"""What the server alone can do, asked by `pgbench`: the reference of PostgreSQL's figures.

On the product's own tables, the least that one message costs: a transaction of three statements
that takes it in, and one that remembers it, its reply and the reply's way out.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from benchmarks.raw import BODY, CONVERSATIONS
from tests.postgres import Server, programs

CLIENTS = 8
PARTS = f'[{{"type": "text", "text": "{BODY}"}}]'
_PEOPLE = "INSERT INTO contact (id, name, created_at) VALUES (gen_random_uuid(), 'Lily', now())"
_TALKS = f"""
INSERT INTO conversation (id, inbox, thread, platform_contact, visibility, contact_id, owner,
                          status, urgent, language, opened_at, last_activity_at, last_position,
                          unread, preview, version)
SELECT gen_random_uuid(), 'bench', 't' || n, 't' || n, 'private', contact.id, 'bot', 'open', false,
       'zh', now(), now(), 0, 0, '', 0
FROM generate_series(0, {CONVERSATIONS - 1}) AS n, contact
"""
_LANES = f"""
INSERT INTO lane (kind, key, inbox, last_in, done, ready_at, attempts)
SELECT 'in', 'bench-t' || n, 'bench', 1, 0, now(), 0
FROM generate_series(0, {CONVERSATIONS - 1}) AS n
"""
_EVENTS = f"""
INSERT INTO inboundevent (id, inbox, dedupe_key, lane, sequence, payload, received_at, dead)
SELECT gen_random_uuid(), 'bench', 'first-' || key, key, 1, '{PARTS}', now(), false FROM lane
"""
_INGEST = f"""
\\set talk random(0, {CONVERSATIONS - 1})
\\set key random(1, 4000000000000000000)
BEGIN;
SELECT id FROM inboundevent WHERE inbox = 'bench' AND dedupe_key = CAST(:key AS text);
INSERT INTO lane (kind, key, inbox, last_in, done, ready_at, attempts)
VALUES ('in', 'bench-t' || :talk, 'bench', 1, 0, now(), 0)
ON CONFLICT (kind, key) DO UPDATE
SET last_in = lane.last_in + 1, ready_at = coalesce(lane.ready_at, excluded.ready_at)
RETURNING last_in \\gset
INSERT INTO inboundevent (id, inbox, dedupe_key, lane, sequence, payload, received_at, dead)
VALUES (gen_random_uuid(), 'bench', CAST(:key AS text), 'bench-t' || :talk, :last_in,
        '{PARTS}', now(), false);
COMMIT;
"""
_PROCESS = f"""
\\set talk random(0, {CONVERSATIONS - 1})
BEGIN;
SELECT done, last_in FROM lane WHERE kind = 'in' AND key = 'bench-t' || :talk FOR UPDATE \\gset
\\set next 1 + :done % :last_in
SELECT id AS event, payload FROM inboundevent
WHERE lane = 'bench-t' || :talk AND sequence = :next \\gset
SELECT id AS conversation, last_position FROM conversation
WHERE inbox = 'bench' AND thread = 't' || :talk AND status != 'resolved' FOR UPDATE \\gset
INSERT INTO message (id, conversation_id, position, author, private, parts, at)
VALUES (gen_random_uuid(), CAST(:conversation AS uuid), :last_position + 1, 'contact', false,
        '{PARTS}', now());
INSERT INTO message (id, conversation_id, position, author, private, parts, at)
VALUES (gen_random_uuid(), CAST(:conversation AS uuid), :last_position + 2, 'bot', false,
        '{PARTS}', now())
RETURNING id AS reply \\gset
INSERT INTO delivery (id, key, message_id, conversation_id, inbox, lane, sequence, parts, status,
                      attempts, created_at)
VALUES (gen_random_uuid(), CAST(:reply AS text), CAST(:reply AS uuid),
        CAST(:conversation AS uuid), 'bench', 'bench-t' || :talk, :last_position + 2, '{PARTS}',
        'pending', 0, now());
UPDATE conversation SET last_position = last_position + 2, version = version + 1,
                        last_activity_at = now()
WHERE id = CAST(:conversation AS uuid);
UPDATE inboundevent SET done_at = now() WHERE id = CAST(:event AS uuid);
UPDATE lane SET done = done + 1 WHERE kind = 'in' AND key = 'bench-t' || :talk;
COMMIT;
"""
_TPS = re.compile(r"tps = ([\d.]+)")
_FAILED = re.compile(r"number of failed transactions: (\d+)")


def prepare(server: Server, database: str) -> None:
    """Let every thread have its conversation, and a message that waits."""
    for statement in (_PEOPLE, _TALKS, _LANES, _EVENTS):
        server.execute(statement, database)


def ingest(server: Server, database: str, seconds: int) -> float:
    """Return how many messages a second 8 clients take in."""
    return _run(server, database, _INGEST, seconds)


def process(server: Server, database: str, seconds: int) -> float:
    """Return how many messages a second 8 clients process."""
    return _run(server, database, _PROCESS, seconds)


def _run(server: Server, database: str, script: str, seconds: int) -> float:
    path = Path(server.folder) / "script.sql"
    # To pgbench a statement's end is a semicolon or \gset.
    path.write_text(script, encoding="utf-8")
    found = subprocess.run(
        [
            programs() / "pgbench", "-n", "-M", "prepared", "-c", f"{CLIENTS}", "-j", "2",
            "-T", f"{seconds}", "-f", path, server.url(database),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    failed = _FAILED.search(found.stdout)
    assert failed is not None
    assert int(failed[1]) == 0, found.stderr
    tps = _TPS.search(found.stdout)
    assert tps is not None
    return float(tps[1])
