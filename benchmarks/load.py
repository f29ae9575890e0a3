"""A load generator of its own process: `python -m benchmarks.load PORT CONNECTIONS FILE`.

FILE holds HTTP requests, each after its length as four bytes. Prints seconds and statuses.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
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


async def fire(port: int, connections: int, requests: list[bytes]) -> tuple[float, Counter[int]]:
    """Send everything over keep-alive connections; return seconds and statuses."""
    todo, statuses = iter(requests), Counter[int]()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in todo:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            statuses[int(head[9:12])] += 1
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            if length.strip():
                await reader.readexactly(int(length))
        writer.close()

    begun = perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return perf_counter() - begun, statuses


def main() -> None:
    """Run as a command."""
    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    seconds, statuses = asyncio.run(fire(port, connections, unpack(path)))
    print(json.dumps({"seconds": seconds, "statuses": dict(statuses)}))


if __name__ == "__main__":
    main()
