import sqlite3

import pytest

from storage.schema import HEAD
from tests.bot.cli.test_main import run


@pytest.fixture
def target(server, postgres_url):
    server.wipe("shop")
    return postgres_url


def test_a_new_file_gets_its_tables_and_a_second_time_there_is_nothing_to_do(command, tmp_path):
    (tmp_path / "yingda.db").unlink()
    first, second = command("db", "upgrade"), command("db", "upgrade")
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout == f"upgraded from an empty file to revision {HEAD}\n"
    assert second.stdout == f"nothing to do: at revision {HEAD}\n"


def test_a_file_moves_to_postgresql_and_is_counted(monkeypatch, config, capsys, tmp_path, target):
    with sqlite3.connect(tmp_path / "yingda.db") as file:
        file.execute("INSERT INTO team (id, name) VALUES (?, 'night shift')", ("0" * 32,))
    copy = ("db", "copy", "--to", target, "--config", str(config))
    assert run(monkeypatch, *copy) == 0
    told = capsys.readouterr().out
    assert "copied 1 rows, counted on both sides" in told
    assert run(monkeypatch, *copy) == 2
    assert "rows in 'team' already" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_no_empty_one(monkeypatch, config, capsys, tmp_path, target):
    (tmp_path / "yingda.db").unlink()
    assert run(monkeypatch, "db", "copy", "--to", target, "--config", str(config)) == 2
    assert "yingda.db" in capsys.readouterr().err
    assert not (tmp_path / "yingda.db").exists()
