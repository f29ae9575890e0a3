"""What many tests need: a database in a folder of its own, a clock that stands still."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from storage import engine, pg_driver, schema
from storage.database import Database
from tests.patience import wait_longer
from tests.postgres import Server
from tests.statements import share

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SHOP = "shop"

share(engine)
share(pg_driver)
wait_longer()

settings.register_profile(
    "everyday",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("everyday")
"""The same examples every time, however slow the machine is just then: what fails here fails for a
reason. `pytest --hypothesis-profile=default` looks for new ones."""

*first, _ = structlog.get_config()["processors"]
plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*first, plain])
"""Nobody has set the log up for tests, and then an exception is drawn with the variables of each of
its frames, which takes half a second; the product writes it plainly, too."""

MEMORY, ENOUGH = Path("/dev/shm"), 1 << 30


def fits(folder: Path) -> bool:
    """Say whether all that tests write, and run, can be there."""
    if not folder.is_dir():
        return False
    found = os.statvfs(folder)
    runs = not found.f_flag & getattr(os, "ST_NOEXEC", 0)
    return runs and found.f_bavail * found.f_frsize > ENOUGH


if "TMPDIR" not in os.environ and fits(MEMORY):
    # Thousands of small databases each wait for the disk several times, as they must: in memory
    # there is nothing to wait for, and no busy disk makes a call come too late.
    os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None

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


@pytest.fixture
def live_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Move this machine to another time zone until the test ends."""

    def move(zone: str) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


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
    request.getfixturevalue("server").wipe(SHOP)
    return found


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    """An empty database with all tables."""
    async with Database(url) as opened:
        yield opened
