"""Brings a database's tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError

from storage.database import StorageError, make_folder, sqlite_path
from storage.engine import make_engine

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0007"
"""The newest revision; a test keeps it equal to the newest file in `migrations/versions`."""


class Unreadable(StorageError):
    """The file is there, but it is no database that can be opened."""


class TooNew(StorageError):
    """The database was written by a newer version of this program."""


def upgrade(url: str) -> str | None:
    """Run the migrations that are missing; return the revision before, None for a new file.

    Raises:
        TooNew: the file's revision is unknown here; nothing was changed.
        Unreadable: it is no database, or it is damaged or locked.
        Unavailable: its folder cannot be written.
    """
    path = sqlite_path(url)
    make_folder(path)
    engine = make_engine(path)
    try:
        with engine.connect() as connection:
            before = current(connection)
            if before != HEAD:
                _run(connection, before)
                connection.commit()
    except DatabaseError as problem:
        raise Unreadable(
            f"{path} cannot be opened as a database ({problem.orig}); "
            "restore a backup, or move the file away to begin anew"
        ) from problem
    finally:
        engine.dispose()
    return before


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
