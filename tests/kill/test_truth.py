"""What is read from a run's database shows a file that is not whole."""

import sqlite3
from contextlib import closing

import pytest

from storage import schema
from tests.kill import truth

LANE = (
    "INSERT INTO lane (kind, key, inbox, last_in, done, attempts) VALUES ('in', 'a', 'x', 2, ?, 0)"
)


@pytest.fixture
def path(tmp_path):
    schema.upgrade(f"sqlite:///{tmp_path}/run.db")
    return tmp_path / "run.db"


def test_a_whole_file_has_no_damage_and_a_lane_that_stopped_is_one(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(LANE, [2])
        connection.commit()
        assert truth.damage(path) == []
        connection.execute("UPDATE lane SET done = 1")
        connection.commit()
    assert truth.damage(path) == ["gap: a lane's progress a"]


def test_reading_never_folds_the_log_into_the_file(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(LANE, [2])
        connection.commit()
        log = path.with_name("run.db-wal")
        before = log.read_bytes()
        assert truth.is_settled(path)
        assert log.read_bytes() == before


def test_what_is_not_done_is_named_with_its_lane(path):
    with closing(sqlite3.connect(path)) as connection:
        assert truth.unfinished(path) == []
        connection.execute(LANE, [1])
        connection.execute(
            "INSERT INTO inboundevent (id, inbox, dedupe_key, lane, sequence, payload, received_at,"
            " dead) VALUES ('e', 'x', 'k', 'a', 2, '{}', '2026-11-22 04:00:00', 0)"
        )
        connection.commit()
        (line,) = truth.unfinished(path)
    assert line == "in a 2 is unread, ready None, leased None, 0 tries"
