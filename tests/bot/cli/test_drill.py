"""`yingda drill` in a terminal."""

from __future__ import annotations

from functools import partial

import pytest

from bot.drill.play import Plan
from tests.bot.cli.test_main import run


@pytest.mark.parametrize(
    "words",
    [
        ("--channels", "wechat,fax"),
        ("--channels", ","),
        ("--messages", "0"),
        ("--seed", "one"),
        ("--roles", "web,worker"),
        ("--roles", "web,worker", "--database-url", "sqlite:///x.db"),
        ("--roles", "sender", "--database-url", "postgresql://localhost/x"),
        ("--roles", "web,web", "--database-url", "postgresql://localhost/x"),
        ("--roles", ",", "--database-url", "postgresql://localhost/x"),
    ],
)
def test_what_cannot_be_played_is_status_2(monkeypatch, capsys, words):
    assert run(monkeypatch, "drill", *words) == 2
    seen = capsys.readouterr()
    assert seen.err
    assert not seen.out


@pytest.mark.timeout(120)
def test_an_instance_that_does_not_come_back_is_told_in_a_line(monkeypatch, capsys):
    program = ("-m", "tests.bot.drill.defective", "mortal")
    monkeypatch.setattr("bot.cli.drill.Plan", partial(Plan, program=program))
    words = ("--channels", "webchat", "--messages", "4", "--kill")
    assert run(monkeypatch, "drill", *words) == 1
    seen = capsys.readouterr()
    assert "there is no second life" in seen.err
    assert not seen.out
