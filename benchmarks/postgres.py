"""The durable core on PostgreSQL, against the server alone, and many processes against one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from benchmarks import pgbench
from benchmarks.node import Part
from benchmarks.process import TICKS, cpu_of
from benchmarks.raw import PRODUCERS
from storage import schema
from tests.postgres import Server

COUNT = 12_000
SECONDS = 5
"""How long the server alone is asked, for each of its two parts."""
PROCESSES = 4
_WAITING = "SELECT coalesce(sum(last_in - done), 0) FROM lane WHERE kind = 'in'"
_COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


@dataclass(frozen=True, slots=True)
class Cost:
    """How fast something went and what a message cost, in CPU microseconds and in commits."""

    rate: float
    clients: float
    server: float
    commits: float

    @property
    def cpu(self) -> float:
        """All CPU a message."""
        return self.clients + self.server


def line(name: str, rate: float, more: str = "") -> None:
    """Print one row."""
    print(f"{name:26} {rate:7.0f} /s  {more}")


def _costs(name: str, cost: Cost, more: str = "") -> None:
    used = f"{cost.cpu:5.0f} us CPU a message ({cost.server:.0f} the server)"
    line(name, cost.rate, f"{used}, {cost.commits:.2f} commits  {more}")


async def main(count: int = COUNT) -> None:
    """Print everything; the reference is taken before and after."""
    print(f"postgres: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {count} messages")
    server = Server(durable=True)
    try:
        before = _reference(server, "before")
        apart = await _through(server, "apart", _apart(count), count)
        after = _reference(server, "after")
        mean = 2 / (1 / before + 1 / after)
        line("the server alone", mean, f"{before:.0f} before, {after:.0f} after")
        _costs("end to end, web + worker", apart, f"{apart.rate / mean:.2f} x the server alone")
        for name, work in (("drain", _drain), ("end to end", _through)):
            one = await work(server, f"{name[0]}1", _alike(1, count), count)
            four = await work(server, f"{name[0]}4", _alike(PROCESSES, count), count)
            _costs(f"{name}, 1 process", one)
            _costs(f"{name}, {PROCESSES} processes", four, f"{four.cpu / one.cpu:.2f} x the CPU")
    finally:
        server.close()


def _reference(server: Server, when: str) -> float:
    database = f"alone_{when}"
    _make(server, database)
    pgbench.prepare(server, database)
    ingest = pgbench.ingest(server, database, SECONDS)
    process = pgbench.process(server, database, SECONDS)
    line(f"pgbench {when}", 1 / (1 / ingest + 1 / process), f"{ingest:.0f} in, {process:.0f} done")
    return 1 / (1 / ingest + 1 / process)


def _make(server: Server, database: str) -> str:
    server.execute(f"CREATE DATABASE {database}")
    url = server.url(database)
    schema.upgrade(url)
    return url


def _apart(count: int) -> list[dict[str, Any]]:
    return [{"end": count, "producers": PRODUCERS}, {"works": True}]


def _alike(processes: int, count: int) -> list[dict[str, Any]]:
    """Return what processes do that all take in and work, each its share of the producers."""
    return [
        {
            "first": number, "step": processes, "end": count,
            "producers": PRODUCERS // processes, "works": True,
        }
        for number in range(processes)
    ]  # fmt: skip


async def _drain(
    server: Server, database: str, parts: Sequence[dict[str, Any]], count: int
) -> Cost:
    """Take everything in first; what is measured is how it is worked off."""
    await _through(server, database, [{"end": count, "producers": PRODUCERS}], count, wait=False)
    return await _measure(server, server.url(database), [{"works": True} for _ in parts], count)


async def _through(
    server: Server, name: str, parts: Sequence[dict[str, Any]], count: int, *, wait: bool = True
) -> Cost:
    """Take in and process at once."""
    return await _measure(server, _make(server, name), parts, count, wait=wait)


async def _measure(
    server: Server, url: str, parts: Sequence[dict[str, Any]], count: int, *, wait: bool = True
) -> Cost:
    async with AsyncExitStack() as stack:
        nodes = [await stack.enter_async_context(_node(Part(url, **part))) for part in parts]
        look = stack.enter_context(psycopg.connect(url, autocommit=True))
        await asyncio.gather(*(_heard(node, "ready") for node in nodes))
        begun, used, commits = perf_counter(), _server_cpu(server), _asked(look, _COMMITS)
        _tell(nodes, "go")
        await asyncio.gather(*(_heard(node, "stored") for node in nodes))
        looks = 1
        while wait and _asked(look, _WAITING):
            looks += 1
            await asyncio.sleep(0.02)
        lasted = perf_counter() - begun
        _tell(nodes, "stop")
        ends = [json.loads(await _said(node)) for node in nodes]
        await asyncio.gather(*(node.wait() for node in nodes))
        used = _server_cpu(server) - used
        commits = _asked(look, _COMMITS) - commits - looks
    clients = sum(end["cpu"] for end in ends)
    return Cost(count / lasted, clients / count * 1e6, used / count * 1e6, commits / count)


@asynccontextmanager
async def _node(part: Part) -> AsyncIterator[Process]:
    node = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.node", part.as_json(), stdin=PIPE, stdout=PIPE
    )
    try:
        yield node
    finally:
        if node.returncode is None:
            node.kill()
        await node.wait()


async def _said(node: Process) -> str:
    assert node.stdout is not None
    return (await node.stdout.readline()).decode().strip()


async def _heard(node: Process, word: str) -> None:
    assert (found := await _said(node)) == word, found


def _tell(nodes: Sequence[Process], word: str) -> None:
    for node in nodes:
        assert node.stdin is not None
        node.stdin.write(f"{word}\n".encode())


def _asked(look: psycopg.Connection[Any], statement: str) -> int:
    row = look.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _server_cpu(server: Server) -> float:
    """Return the processor seconds of the server, of what it has ended, too."""
    pids = server.pids()
    ended = Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[13:15]
    return sum(cpu_of(pid) for pid in pids if Path(f"/proc/{pid}").exists()) + (
        sum(map(int, ended)) / TICKS
    )
