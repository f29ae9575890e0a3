"""`yingda check`: what is wrong and how to mend it, one line each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from bot import health
from bot.cli.options import DEFAULT, ConfigPath, opened, utc_now, wait
from bot.config import BadConfig, Config, load
from bot.inboxes import is_called
from bot.memory import StoredMemory
from channels import registry
from channels.health import Level
from channels.http import redact
from channels.inbox import InboxConfig
from faq.extras import lacking
from storage import lanes
from storage.database import Database, StorageError
from storage.models import LaneKind
from storage.pg_driver import describe

SIGNS: dict[Level, str] = {"ok": "ok  ", "warning": "warn", "problem": "BAD "}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report."""

    what: str
    level: Level
    words: str


def check(config: ConfigPath = DEFAULT) -> None:
    """Check the configuration, the database and every inbox; exit 1 when something is wrong."""
    found = wait(_all(config, exists=config.exists()))
    for line in found:
        print(f"{SIGNS[line.level]} {line.what}: {redact(line.words)}")
    if any(line.level == "problem" for line in found):
        raise typer.Exit(1)


async def _all(path: Path, *, exists: bool) -> list[Line]:
    try:
        config = load(path, os.environ)
    except BadConfig as problem:
        return [Line("configuration", "problem", str(problem))]
    source = str(path) if exists else f"no {path}, defaults and environment only"
    database = await _database(config)
    lines = [Line("configuration", "ok", source), _matcher(config), *_folders(config), database]
    if database.level == "ok":
        lines += await _inboxes(config)
    return lines


def _folders(config: Config) -> list[Line]:
    """Say which folders cannot be written: the service would go on without what belongs there."""
    found = {"data_dir": config.data_dir}
    if config.media.folder is not None:
        found["media.folder"] = config.media.folder
    told = {name: _obstacle(folder.absolute()) for name, folder in found.items()}
    return [
        Line("files", "problem", f"{name}: {obstacle}; mend that, or name another folder")
        for name, obstacle in told.items()
        if obstacle
    ]


def _obstacle(folder: Path) -> str:
    """Return what keeps files out of a folder that may not be there yet; nothing is made."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        return f"{nearest} is a file, not a folder"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{nearest} cannot be written by this user"
    return ""


def _matcher(config: Config) -> Line:
    missing = lacking(semantic=config.faq.encoder == "auto")
    if missing:
        return Line("matcher", "warning", "; ".join(missing))
    return Line("matcher", "ok", "nothing is missing")


async def _database(config: Config) -> Line:
    try:
        async with opened(config) as db:
            waiting, _ = await db.read(lanes.backlog, LaneKind.IN)
    except StorageError as problem:
        return Line("database", "problem", str(problem))
    except OSError as problem:
        words = f"{describe(config.database_url)}: {problem.strerror}; make the folder writable"
        return Line("database", "problem", words)
    return Line("database", "ok", f"{describe(config.database_url)}, {waiting} messages wait")


async def _inboxes(config: Config) -> list[Line]:
    """Check all inboxes at the same time: a platform that is slow keeps nobody waiting."""
    if not config.inboxes:
        return [Line("inboxes", "ok", "none configured: `yingda run` shows the demo")]
    async with opened(config) as db:
        found = await asyncio.gather(
            *(_inbox(db, config, name, settings) for name, settings in config.inboxes.items())
        )
    return [line for lines in found for line in lines]


async def _inbox(db: Database, config: Config, name: str, settings: InboxConfig) -> Sequence[Line]:
    if not settings.enabled:
        return [Line(name, "ok", f"{settings.channel}, disabled")]
    memory = StoredMemory(db, name, utc_now)
    adapter = registry.find(settings.channel).adapter(name, settings, memory, utc_now)
    reached = await health.reach(config.public_url) if is_called(adapter) else None
    way = (config.public_url, reached)
    report = await health.examine(name, adapter, way, utc_now, is_open=False)
    await health.keep(db, name, report, utc_now)
    return [Line(name, finding.level, finding.line) for finding in report.findings]
