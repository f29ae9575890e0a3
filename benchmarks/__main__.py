"""Print the speeds of this machine as ratios: `python -m benchmarks [NAME ...]`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

from benchmarks import core, faulty, http, postgres, wire
from bot.cli.run import fast_loop
from bot.config import LogConfig
from bot.logs import configure

QUICK: dict[str, Callable[[], Awaitable[None]]] = {
    "core": core.main,
    "live": core.live,
    "steady": http.steady,
    "overload": http.overload,
    "wire": wire.main,
    "faulty": faulty.main,
}
LONG: dict[str, Callable[[], Awaitable[None]]] = {
    "overload-long": http.long_overload,
    "soak": core.soak,
    "postgres": postgres.main,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, the quick ones without a name; `all` means every one."""
    known = QUICK | LONG
    chosen = list(known) if names == ["all"] else names or list(QUICK)
    if unknown := [name for name in chosen if name not in known]:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(known)}, all", file=sys.stderr)
        return 2
    configure(LogConfig(level="warning"))
    for name in chosen:
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(known[name]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
