"""`yingda drill`: traffic, faults and kills for a real instance, and what became of it all."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated

import typer

from bot.cli.options import utc_now, wait
from bot.config import BadConfig
from bot.drill.instance import Unfit
from bot.drill.play import CHANNELS, MESSAGES, SEED, Plan, Verdict, play
from bot.drill.report import as_json, as_table
from storage.postgres import is_postgres


def drill(
    messages: Annotated[
        int, typer.Option(min=1, max=20_000, help="How many, on each channel.")
    ] = MESSAGES,
    kill: Annotated[  # noqa: FBT002 - typer makes it a flag
        bool, typer.Option("--kill", help="Kill the instance again and again meanwhile.")
    ] = False,
    channels: Annotated[
        str, typer.Option(help="Which channels, with commas between them.")
    ] = ",".join(CHANNELS),
    json: Annotated[bool, typer.Option("--json", help="Print JSON, no table.")] = False,  # noqa: FBT002 - typer makes it a flag
    seed: Annotated[int, typer.Option(help="The same seed makes the same traffic.")] = SEED,
    database_url: Annotated[
        str | None,
        typer.Option(help="An empty database to work on; without it a file thrown away."),
    ] = None,
    roles: Annotated[
        str,
        typer.Option(help="The instance's processes; on PostgreSQL for example web,worker,worker."),
    ] = "all",
) -> None:
    """Prove the first promise: start an instance, trouble it, and count what is lost.

    Status 0 when nothing acknowledged was lost, doubled or out of order, 1 otherwise.
    """
    plan = Plan(_named(channels), messages, seed, kill, database_url, _parts(roles, database_url))
    try:
        verdict = wait(_until_told(plan))
    except (Unfit, asyncio.CancelledError, KeyboardInterrupt) as problem:
        _tell(f"{problem}" or "stopped")
        raise typer.Exit(1) from None
    print(as_json(verdict) if json else as_table(verdict))
    raise typer.Exit(0 if verdict.holds else 1)


async def _until_told(plan: Plan) -> Verdict:
    """Play until the end or a signal; either way what was started is ended."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - we run in one
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await play(plan, utc_now, _tell)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _named(channels: str) -> tuple[str, ...]:
    named = tuple(dict.fromkeys(name.strip() for name in channels.split(",") if name.strip()))
    unknown = [name for name in named if name not in CHANNELS]
    if unknown or not named:
        raise BadConfig(
            f"--channels {channels!r}: choose from {','.join(CHANNELS)}, with commas between them"
        )
    return named


def _parts(roles: str, database_url: str | None) -> tuple[str, ...]:
    """Return the processes, who is called first; it must be clear that all work is done."""
    parts = sorted(name.strip() for name in roles.split(",") if name.strip())
    if parts == ["all"]:
        return ("all",)
    if not set(parts) <= {"all", "web", "worker"}:
        raise BadConfig(f"--roles {roles!r}: there are all, web and worker")
    if database_url is None or not is_postgres(database_url):
        raise BadConfig(
            f"--roles {roles}: one SQLite file has one process; "
            "let --database-url name an empty PostgreSQL database"
        )
    if "all" not in parts and set(parts) != {"web", "worker"}:
        raise BadConfig(f"--roles {roles!r}: somebody must be called, and somebody must work")
    return tuple(parts)


def _tell(words: str) -> None:
    print(f"drill: {words}", file=sys.stderr, flush=True)
