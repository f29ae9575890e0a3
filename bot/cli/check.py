"""`yingda check`: what is wrong and how to mend it, one line each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.cli.options import DEFAULT, ConfigPath, opened, utc_now, wait
from bot.config import BadConfig, Config, load
from bot.memory import StoredMemory
from channels import registry
from channels.base import ChannelAdapter, Webhook
from channels.errors import ChannelError, Unauthorized
from channels.http import redact
from storage import lanes
from storage.database import StorageError
from storage.models import LaneKind
from storage.pg_driver import describe

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    ok: bool
    words: str


def check(config: ConfigPath = DEFAULT) -> None:
    """Check the configuration, the database and every inbox; exit 1 when something is wrong."""
    found = wait(_all(config, exists=config.exists()))
    for finding in found:
        print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {redact(finding.words)}")
    if not all(finding.ok for finding in found):
        raise typer.Exit(1)


async def _all(path: Path, *, exists: bool) -> list[Finding]:
    try:
        config = load(path, os.environ)
    except BadConfig as problem:
        return [Finding("configuration", ok=False, words=str(problem))]
    source = str(path) if exists else f"no {path}, defaults and environment only"
    findings = [Finding("configuration", ok=True, words=source), await _database(config)]
    if findings[-1].ok:
        findings += [finding async for finding in _inboxes(config)]
    return findings


async def _database(config: Config) -> Finding:
    try:
        async with opened(config) as db:
            waiting, _ = await db.read(lanes.backlog, LaneKind.IN)
    except StorageError as problem:
        return Finding("database", ok=False, words=str(problem))
    except OSError as problem:
        return Finding(
            "database",
            ok=False,
            words=f"{describe(config.database_url)}: {problem.strerror}; make the folder writable",
        )
    return Finding(
        "database", ok=True, words=f"{describe(config.database_url)}, {waiting} messages wait"
    )


async def _inboxes(config: Config) -> AsyncIterator[Finding]:
    if not config.inboxes:
        yield Finding("inboxes", ok=True, words="none configured: `yingda run` shows the demo")
    async with opened(config) as db:
        for name, settings in config.inboxes.items():
            if not settings.enabled:
                yield Finding(name, ok=True, words=f"{settings.channel}, disabled")
                continue
            adapter = registry.find(settings.channel).adapter(
                name, settings, StoredMemory(db, name, utc_now), utc_now
            )
            yield await _inbox(config, name, adapter)


async def _inbox(config: Config, name: str, adapter: ChannelAdapter) -> Finding:
    try:
        async with asyncio.timeout(SECONDS):
            async with adapter:
                pass
    except Unauthorized as problem:
        return Finding(name, ok=False, words=f"{problem}; renew the secret in config.yaml")
    except (ChannelError, TimeoutError) as problem:
        words = str(problem) or "no answer"
        return Finding(name, ok=False, words=f"{words}; check the network and `base_url`")
    except Exception as problem:  # noqa: BLE001 - one broken inbox must not hide the others
        words = f"{type(problem).__name__} while it was opened; this is a fault of the channel"
        return Finding(name, ok=False, words=words)
    if isinstance(adapter, Webhook) and config.public_url is None:
        return Finding(
            name, ok=True, words="works; set public_url so that the platform's calls reach it"
        )
    root = (config.public_url or "").rstrip("/")
    return Finding(name, ok=True, words=f"works; its platform calls {root}/inboxes/{name}/webhook")
