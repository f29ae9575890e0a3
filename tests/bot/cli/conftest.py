"""Commands on a configuration of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.main import app

STRANGERS = Path(__file__).parent.parent / "strangers"
Command = Callable[..., Result]


@pytest.fixture
def config(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file on a database with all tables, also of strange channels."""
    monkeypatch.syspath_prepend(str(STRANGERS))
    shutil.copy(empty, tmp_path / "yingda.db")
    path = tmp_path / "config.yaml"
    path.write_text(f"database_url: sqlite:///{tmp_path}/yingda.db\ndata_dir: {tmp_path}\n")
    return path


@pytest.fixture
def command(config: Path) -> Command:
    """Run a command as in a terminal."""

    def run(*words: str, told: str | None = None) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str(config)], input=told)

    return run
