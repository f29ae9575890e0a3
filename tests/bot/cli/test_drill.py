"""`yingda drill` in a terminal."""

from __future__ import annotations

import pytest

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
