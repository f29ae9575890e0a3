"""Brings a database's tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from storage import pg_driver
from storage.engine import make_engine
from storage.errors import StorageError, Unavailable
from storage.sqlite import make_folder, sqlite_path

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0019"
"""The newest revision; a test keeps it equal to the newest file in `migrations/versions`."""

_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7229144250)"
"""The lock under which processes that start together migrate; the number is only ours."""


class Unreadable(StorageError):
    """The file is there, but it is no database that can be opened."""


class TooNew(StorageError):
    """The database was written by a newer version of this program."""


def upgrade(url: str) -> str | None:
    """Run the migrations that are missing; return the revision before, None for an empty database.

    Several processes may do so at once: one migrates, the others wait and find nothing to do.

    Raises:
        TooNew: the database's revision is unknown here; nothing was changed.
        Unreadable: it is no database, or it is damaged or locked.
        Unavailable: the server does not answer, or the file's folder cannot be written.
    """
    if pg_driver.is_postgres(url):
        return _upgrade_server(pg_driver.make_engine(url), pg_driver.describe(url))
    path = sqlite_path(url)
    make_folder(path)
    engine = make_engine(path)
    try:
        return _upgrade(engine)
    except DatabaseError as problem:
        raise Unreadable(
            f"{path} cannot be opened as a database ({problem.orig}); "
            "restore a backup, or move the file away to begin anew"
        ) from problem
    finally:
        engine.dispose()


def _upgrade(engine: Engine, lock: str | None = None) -> str | None:
    with engine.connect() as connection:
        before = current(connection)
        if before != HEAD and lock is not None:
            connection.rollback()
            connection.execute(text(lock))
            before = current(connection)
        if before != HEAD:
            _run(connection, before)
        connection.commit()
    return before


def _upgrade_server(engine: Engine, name: str) -> str | None:
    try:
        return _upgrade(engine, _ONE_AT_A_TIME)
    except DatabaseError as problem:
        raise Unavailable(
            f"{name} cannot be used ({problem.orig}); look whether the server runs, "
            "and whether user, password and database in database_url are right"
        ) from problem
    finally:
        engine.dispose()


def current(connection: Connection) -> str | None:
    """Return the revision a database is at, or None if it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar_one_or_none()
    return found


def _run(connection: Connection, before: str | None) -> None:
    # Imported here: a start that finds nothing to do must not pay for it.
    from alembic import command  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(configuration(connection), "head")
    except CommandError as problem:
        raise TooNew(
            f"the database is at revision {before}, which this version does not know; "
            "install the newer version again, or restore a backup"
        ) from problem


def configuration(connection: Connection) -> Config:
    """Return alembic's settings for this connection."""
    from alembic.config import Config  # noqa: PLC0415 - see _run

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
