"""A load generator of its own process: `python -m benchmarks.load PORT CONNECTIONS FILE [RATE]`.

FILE holds HTTP requests, each after its length as four bytes. Prints statuses, how many calls a
second were begun, and, in milliseconds, how long each took. With RATE, so many calls a second are
due, and a call that begins late, as no connection was free, has begun when it was due.

Plain sockets and no more parsing than it must: it has to be quicker than who is called.
"""

from __future__ import annotations

import json
import resource
import select
import socket
import struct
import sys
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from time import perf_counter

WHOLE = 1 << 16
"""Bytes read at once: more than any answer has."""
AT_ONCE = 64
"""How many calls are begun, or looked for, before the other is done again."""


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
    """What became of the calls; `offering` is how many seconds it took to begin them all."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    offering: float = 0.0
    took: list[float] = field(default_factory=list)

    def as_json(self) -> str:
        """Return it for the parent."""
        cuts = quantiles(self.took, n=100)
        return json.dumps(
            {
                "seconds": self.seconds,
                "offered": len(self.took) / self.offering,
                "statuses": self.statuses,
                "p50": cuts[49] * 1000,
                "p99": cuts[98] * 1000,
                "longest": max(self.took) * 1000,
            }
        )


class Caller:
    """Keep-alive connections, each with one call at a time."""

    def __init__(self, port: int, connections: int, requests: list[bytes], rate: float) -> None:
        self._port, self._requests, self._rate = port, requests, rate
        self._begun = self._answered = 0
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._due: dict[int, float] = {}
        self._rest: dict[int, bytes] = {}
        self._free: deque[int] = deque()
        self._unopened = connections
        self.fired = Fired()

    def run(self) -> Fired:
        """Make every call, and hear every answer."""
        count, self._start = len(self._requests), perf_counter()
        while self._answered < count:
            wait = self._begin()
            for number, _ in self._poll.poll(wait, AT_ONCE):
                self._hear(number)
        self.fired.seconds = perf_counter() - self._start
        for one in self._sockets.values():
            one.close()
        return self.fired

    def _begin(self) -> float:
        """Begin some of what is due; return how many seconds nothing else is."""
        for _ in range(AT_ONCE):
            if self._begun == len(self._requests) or not (self._free or self._unopened):
                return 1.0
            now = perf_counter()
            due = self._start + self._begun / self._rate if self._rate else now
            if due > now:
                return due - now
            number = self._free.popleft() if self._free else self._open()
            self._due[number] = due
            self._sockets[number].sendall(self._requests[self._begun])
            self._begun += 1
            self.fired.offering = now - self._start
        return 0.0

    def _open(self) -> int:
        made = socket.create_connection(("127.0.0.1", self._port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = made.fileno()
        self._sockets[number] = made
        self._unopened -= 1
        self._poll.register(number, select.EPOLLIN)
        return number

    def _hear(self, number: int) -> None:
        try:
            got = self._sockets[number].recv(WHOLE)
        except ConnectionError:
            got = b""
        data = self._rest.pop(number, b"") + got
        if got and not is_whole(data):
            self._rest[number] = data
            return
        self.fired.took.append(perf_counter() - self._due[number])
        # No answer at all counts as 0.
        self.fired.statuses[int(data[9:12] or 0)] += 1
        self._answered += 1
        if got:
            self._free.append(number)
        else:
            self._lose(number)

    def _lose(self, number: int) -> None:
        self._poll.unregister(number)
        self._sockets.pop(number).close()
        self._unopened += 1


def is_whole(data: bytes) -> bool:
    """Say whether an answer has come to its end, by the length it tells."""
    head, ended, body = data.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    return bool(ended) and len(body) >= int(length or 0)


def main() -> None:
    """Run as a command."""
    port, connections, path = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    rate = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0  # noqa: PLR2004 - it may be left out
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(Caller(port, connections, unpack(path), rate).run().as_json())


if __name__ == "__main__":
    main()
