"""A load generator of its own process: `python -m benchmarks.load PORT CONNECTIONS FILE [RATE]`.

FILE holds HTTP requests, each after its length as four bytes. Prints seconds, statuses and, in
milliseconds, how long each call took. With RATE, so many calls a second are due, and a call that
begins late has begun when it was due.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter


def pack(requests: Iterable[bytes], path: Path) -> None:
    """Write requests for the generator."""
    path.write_bytes(b"".join(struct.pack(">I", len(r)) + r for r in requests))


def unpack(path: Path) -> list[bytes]:
    """Read what `pack` wrote."""
    data, place, found = path.read_bytes(), 0, []
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        found.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return found


@dataclass(slots=True)
class Fired:
    """What became of the calls."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    took: list[float] = field(default_factory=list)

    def as_json(self) -> str:
        """Return it for the parent."""
        cuts = quantiles(self.took, n=100)
        return json.dumps(
            {
                "seconds": self.seconds,
                "statuses": self.statuses,
                "p50": cuts[49] * 1000,
                "p99": cuts[98] * 1000,
                "longest": max(self.took) * 1000,
            }
        )


async def fire(port: int, connections: int, requests: list[bytes], rate: float) -> Fired:
    """Send everything over keep-alive connections."""
    fired, todo = Fired(), iter(enumerate(requests))
    begun = perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, request in todo:
            due = begun + number / rate if rate else perf_counter()
            await asyncio.sleep(max(0.0, due - perf_counter()))
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            if length.strip():
                await reader.readexactly(int(length))
            fired.took.append(perf_counter() - due)
            fired.statuses[int(head[9:12])] += 1
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    fired.seconds = perf_counter() - begun
    return fired


def main() -> None:
    """Run as a command."""
    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0  # noqa: PLR2004 - it may be left out
    print(asyncio.run(fire(port, connections, unpack(path), rate)).as_json())


if __name__ == "__main__":
    main()
