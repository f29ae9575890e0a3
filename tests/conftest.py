"""What many tests need: a database in a folder of its own, a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import SQLModel

import storage.models  # noqa: F401 - knows the tables
from storage.database import Database
from storage.engine import make_engine

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return NOON


@pytest.fixture
def clock(now: datetime) -> Callable[[], datetime]:
    """A clock that stands at `now`."""
    return lambda: now


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with all tables."""
    path = tmp_path / "yingda.db"
    engine = make_engine(path)
    SQLModel.metadata.create_all(engine)
    engine.dispose()
    async with Database(f"sqlite:///{path}") as opened:
        yield opened
