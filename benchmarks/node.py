"""One process of several that share a PostgreSQL database: `python -m benchmarks.node JSON`.

Says `ready`, waits for a line, works, says `stored` once its own messages are taken in, waits for
another line, and says what it cost as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from time import process_time

from benchmarks.house import House, said
from bot.cli.run import fast_loop
from bot.config import LogConfig
from bot.logs import configure
from bot.service import LOG, LOG_SECONDS
from storage.database import Database
from storage.hints import Hints


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does: which messages it takes in, and whether it works."""

    url: str
    first: int = 0
    step: int = 1
    end: int = 0
    producers: int = 0
    works: bool = False

    def as_json(self) -> str:
        """Return what the process is told."""
        return json.dumps(asdict(self))


def _say(word: str) -> None:
    print(word, flush=True)


async def _told() -> None:
    await asyncio.to_thread(sys.stdin.readline)


async def run(part: Part) -> None:
    """Take in, work, and tell what it cost."""
    receptions = [said(number) for number in range(part.first, part.end, part.step)]
    async with Database(part.url) as db, AsyncExitStack() as stack:
        hints = Hints(part.url, lambda word: core.signals.hear(word))  # noqa: PLW0108 - made next
        core = House(db, hints.tell)
        db.on_commit(lambda: hints.tell(LOG, LOG_SECONDS))
        await hints.start()
        stack.push_async_callback(hints.stop)
        _say("ready")
        await _told()
        begun = process_time()
        if part.works:
            await stack.enter_async_context(core.working())
        if receptions:
            await core.produce(receptions, part.producers)
        _say("stored")
        await _told()
        _say(json.dumps({"cpu": process_time() - begun, "processed": core.processed()}))


if __name__ == "__main__":
    configure(LogConfig(level="warning"))
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(run(Part(**json.loads(sys.argv[1]))))
