"""The whole product over HTTP in one run: acknowledging, end to end, matching, memory.

The simulated platform and the load run in processes beside the product's; with few cores they
take theirs from it, so read the ratios and the processor time, not the rates.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time

import httpx

from bot.cli.options import utc_now
from channels import registry
from channels.simulation import Push, Simulator
from channels.testing.server import serve
from faq.config import FaqConfig
from faq.demo import publish_demo
from faq.knowledge import KnowledgeBase
from storage import schema
from storage.database import Database

MESSAGES, CONTACTS, CONNECTIONS, ROUNDS = 3000, 300, 32, 3
QUESTIONS = ("如何申请退货", "退款多久到账", "how do I return an item", "包邮吗", "怎么开发票")
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


async def load(port: int, requests: Iterable[bytes], folder: Path) -> float:
    """Fire requests from another process; return requests a second, all of them taken."""
    from benchmarks.load import pack  # noqa: PLC0415 - a command of its own

    packed, path = list(requests), folder / "requests.bin"
    pack(packed, path)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", str(port), str(CONNECTIONS), str(path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await child.communicate()
    result = json.loads(out)
    assert list(result["statuses"]) == ["200"], result
    return len(packed) / float(result["seconds"])


async def wire(simulator: Simulator, base: str, folder: Path) -> None:
    """Measure acknowledging against an echo, and the way through to the customer's screen."""
    port = free_port()
    config = {
        "database_url": f"sqlite:///{folder}/bench.db", "data_dir": str(folder), "port": port,
        "demo": False, "inboxes": {"bench": {
            "channel": simulator.channel, "base_url": base, **simulator.settings}},
    }  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.product", json.dumps(config)
    )
    try:
        await ready(port)
        body = as_http("/inboxes/bench/webhook", simulator.say("1", "x")).partition(b"\r\n\r\n")[2]
        echo = as_http("/echo", Push("1", body=body))
        bare = max([await load(port, [echo] * MESSAGES, folder) for _ in range(ROUNDS)])
        before, begun = cpu_of(child.pid), perf_counter()
        pushes = [
            as_http("/inboxes/bench/webhook", simulator.say(str(1000 + n % CONTACTS), question(n)))
            for n in range(MESSAGES)
        ]
        begun = perf_counter()
        acknowledged = await load(port, pushes, folder)
        while len(simulator.screen) < MESSAGES and perf_counter() - begun < 300:  # noqa: PLR2004, ASYNC110
            await asyncio.sleep(0.05)
        seconds, cpu = perf_counter() - begun, cpu_of(child.pid) - before
        print(f"echo                 {bare:8.0f} /s   the same web server, no work")
        print(
            f"acknowledged         {acknowledged:8.0f} /s   {acknowledged / bare:.2f} x echo,"
            " thinking and sending meanwhile"
        )
        print(
            f"end to end           {len(simulator.screen) / seconds:8.0f} /s  "
            f" {len(simulator.screen)} of {MESSAGES} answered, {CONTACTS} conversations"
        )
        print(
            f"cpu a message        {cpu / MESSAGES * 1000:8.2f} ms  in, matched, out, all threads"
        )
        print(f"memory               {rss_of(child.pid):8.0f} MB  after that load")
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


def question(number: int) -> str:
    """Return one of the questions."""
    return QUESTIONS[number % len(QUESTIONS)]


async def ready(port: int) -> None:
    """Wait until the product serves."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:  # noqa: PLR2004
                    return
            await asyncio.sleep(0.05)


async def matching(folder: Path) -> None:
    """Measure the matcher's own processor time on the demo's knowledge base."""
    async with Database(f"sqlite:///{folder}/bench.db") as db:
        begun = process_time()
        knowledge = KnowledgeBase(db, FaqConfig(), folder)
        await knowledge.start()
        start = process_time() - begun
        await knowledge.settled()
        spent = []
        for number in range(500):
            before = process_time()
            await knowledge.decide(f"{question(number)}{number % 7}")
            spent.append((process_time() - before) * 1000)
        cuts = quantiles(spent, n=100)
        print(
            f"matcher              {cuts[49]:8.2f} ms  CPU p50, {cuts[98]:.2f} p99,"
            f" {len(knowledge.entries())} entries; started in {start:.2f} s CPU"
        )
        await knowledge.close()


async def main() -> None:
    """Print everything."""
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {MESSAGES} messages,"
        f" {CONNECTIONS} connections, SQLite synchronous=FULL"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/bench.db"
        schema.upgrade(url)
        async with Database(url) as db:
            await publish_demo(db, utc_now())
        simulator = registry.find("telegram").simulator("bench", utc_now)
        async with serve(simulator.app) as base:
            await wire(simulator, base, folder)
        await matching(folder)
