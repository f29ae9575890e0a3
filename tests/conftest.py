"""What many tests need: a database in a folder of its own, a clock that stands still."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import engine, pg_driver, schema
from storage.database import Database
from tests.postgres import Server, wipe
from tests.statements import share

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHOP = "shop"

share(engine)
share(pg_driver)

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # Images of containers set it. Many tests start the product as a process of its own, and each
    # one would compile all of it anew.
    sys.dont_write_bytecode = False


@pytest.fixture
def now() -> datetime:
    """A moment that does not move."""
    return NOON


@pytest.fixture
def clock(now: datetime) -> Callable[[], datetime]:
    """A clock that stands at `now`."""
    return lambda: now


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A private PostgreSQL server."""
    started = Server()
    yield started
    started.close()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as the migrations leave it; making one takes a second."""
    path = tmp_path_factory.mktemp("empty") / "yingda.db"
    schema.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_url(server: Server) -> str:
    """A database as the migrations leave it."""
    server.execute(f"CREATE DATABASE {SHOP}")
    schema.upgrade(server.url(SHOP))
    return server.url(SHOP)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with all tables, once on each engine."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("empty"), tmp_path / "yingda.db")
        return f"sqlite:///{tmp_path}/yingda.db"
    found: str = request.getfixturevalue("postgres_url")
    wipe(found)
    return found


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An empty database with all tables."""
    async with Database(url) as opened:
        yield opened
