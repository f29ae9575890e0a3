"""What several commands share: where the configuration is, and a database to work on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from bot.config import Config, load
from storage import schema
from storage.database import Database

T = TypeVar("T")
ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file; it may be missing.")
]
DEFAULT = Path("config.yaml")


def read_config(path: Path) -> Config:
    """Return the configuration of this file and this environment."""
    return load(path, os.environ)


def utc_now() -> datetime:
    """Return this moment: the clock that is handed down from here."""
    return datetime.now(UTC)


def wait(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Database]:
    """Open the database for a short command, also while the service runs on it."""
    await asyncio.to_thread(schema.upgrade, config.database_url)
    async with Database(config.database_url, guest=True, writers=1) as db:
        yield db
