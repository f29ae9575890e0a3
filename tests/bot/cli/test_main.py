import subprocess
import sys

import pytest

from bot.cli import main
from channels.testing import closed_url


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["yingda", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_bad_configuration_is_one_line_and_status_2(monkeypatch, config, capsys):
    config.write_text("prot: 1\n")
    for words in (("db", "upgrade"), ("run",), ("faq", "ask", "hi")):
        assert run(monkeypatch, *words, "--config", str(config)) == 2
        seen = capsys.readouterr()
        assert seen.err == "yingda: prot: no such key; did you mean 'port'?\n"
        assert seen.out == ""


def test_a_database_of_another_kind_is_one_line_and_status_2(monkeypatch, config, capsys):
    config.write_text("database_url: mysql://a:s3cr3t@b/c\n")
    assert run(monkeypatch, "db", "upgrade", "--config", str(config)) == 2
    seen = capsys.readouterr().err
    assert seen.startswith("yingda: database_url starts with 'mysql'")
    assert "s3cr3t" not in seen


def test_a_file_that_is_no_database_is_one_line_and_status_2(monkeypatch, config, capsys, tmp_path):
    (tmp_path / "yingda.db").write_bytes(b"no database" * 500)
    assert run(monkeypatch, "db", "upgrade", "--config", str(config)) == 2
    assert capsys.readouterr().err.startswith("yingda: ")


def test_a_role_that_is_not_there_yet_is_one_line_and_status_2(monkeypatch, config, capsys):
    assert run(monkeypatch, "run", "--role", "worker", "--config", str(config)) == 2
    assert "--role worker" in capsys.readouterr().err


def test_without_a_command_the_commands_are_listed(monkeypatch, capsys):
    assert run(monkeypatch) in (0, 2)
    seen = "".join(capsys.readouterr())
    for name in ("run", "check", "say", "db", "user", "faq"):
        assert name in seen


def test_it_can_be_started_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "bot", "say", "demo_web", "hi", "--url", closed_url()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("yingda: the demo at")
