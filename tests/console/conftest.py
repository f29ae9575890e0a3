"""A console with people and conversations in it, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from storage.database import Database
from tests.console.world import Console, Time, open_console


@pytest.fixture
def time(now: datetime) -> Time:
    return Time(now)


@pytest.fixture
async def desk_console(db: Database, time: Time, tmp_path: Path) -> AsyncIterator[Console]:
    """The console with agents `li` and `zhao`, an editor, a supervisor, an admin."""
    made = await open_console(db, time, tmp_path / "media")
    yield made
    await made.live.stop()
