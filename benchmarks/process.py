"""The product and its load in processes of their own, and what can be seen of them from outside."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load import pack
from channels.simulation import Push

TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def as_http(path: str, push: Push) -> bytes:
    """Return a push as the bytes of its HTTP call."""
    headers = {"host": "127.0.0.1", "content-length": str(len(push.body)), **push.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + push.body


def cpu_of(pid: int) -> float:
    """Return the processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_of(pid: int) -> float:
    """Return the memory of a process in MB."""
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmRSS" in line
    )
    return int(line.split()[1]) / 1024


async def fire(
    port: int, requests: Sequence[bytes], folder: Path, connections: int, rate: float = 0
) -> dict[str, Any]:
    """Fire requests from another process, so many a second; return what `benchmarks.load` says."""
    path = folder / "requests.bin"
    pack(requests, path)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", str(port), str(connections), str(path), str(rate),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await child.communicate()
    found: dict[str, Any] = json.loads(out)
    return found


@asynccontextmanager
async def served(config: dict[str, Any], *words: str) -> AsyncIterator[int]:
    """Run the product until the block ends; give its process id."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.product", json.dumps(config), *words
    )
    try:
        await _ready(config["port"])
        yield child.pid
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def _ready(port: int) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:  # noqa: PLR2004
                    return
            await asyncio.sleep(0.05)
