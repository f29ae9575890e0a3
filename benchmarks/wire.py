"""The whole product over HTTP in one run: acknowledging, end to end, matching, memory.

The simulated platform and the load run in processes beside the product's; with few cores they
take theirs from it, so read the ratios and the processor time, not the rates.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time

from benchmarks.process import as_http, cpu_of, fire, free_port, rss_of, served
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


async def wire(simulator: Simulator, base: str, folder: Path) -> None:
    """Measure acknowledging against an echo, and the way through to the customer's screen."""
    port = free_port()
    config = {
        "database_url": f"sqlite:///{folder}/bench.db", "data_dir": str(folder), "port": port,
        "demo": False, "inboxes": {"bench": {
            "channel": simulator.channel, "base_url": base, **simulator.settings}},
    }  # fmt: skip
    async with served(config) as pid:
        body = as_http("/inboxes/bench/webhook", simulator.say("1", "x")).partition(b"\r\n\r\n")[2]
        echo = as_http("/echo", Push("1", body=body))
        bare = max([await rate_of(port, [echo] * MESSAGES, folder) for _ in range(ROUNDS)])
        before, begun = cpu_of(pid), perf_counter()
        pushes = [
            as_http("/inboxes/bench/webhook", simulator.say(str(1000 + n % CONTACTS), question(n)))
            for n in range(MESSAGES)
        ]
        begun = perf_counter()
        acknowledged = await rate_of(port, pushes, folder)
        while len(simulator.screen) < MESSAGES and perf_counter() - begun < 300:  # noqa: PLR2004, ASYNC110
            await asyncio.sleep(0.05)
        seconds, cpu = perf_counter() - begun, cpu_of(pid) - before
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
        print(f"memory               {rss_of(pid):8.0f} MB  after that load")


async def rate_of(port: int, requests: list[bytes], folder: Path) -> float:
    """Return how many requests a second are answered, all of them well."""
    fired = await fire(port, requests, folder, CONNECTIONS)
    assert list(fired["statuses"]) == ["200"], fired
    return len(requests) / float(fired["seconds"])


def question(number: int) -> str:
    """Return one of the questions."""
    return QUESTIONS[number % len(QUESTIONS)]


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
