"""Runs servers for a test, and ends every one of them whatever becomes of the test.

Started as a process of its own. It reads one JSON command a line and answers each with one line.
When its input ends, because the test is over or was killed, it kills all that descends from it:
servers that went into sessions of their own too, since orphans come to the subreaper.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SUBREAPER = 36


def main(base: Path) -> None:
    """Obey until the input ends."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=reap, daemon=True).start()
    owner = Owner()
    try:
        for line in sys.stdin:
            command = json.loads(line)
            try:
                answer = {"result": getattr(owner, command.pop("act"))(**command)}
            except OSError as problem:
                answer = {"problem": str(problem)}
            print(json.dumps(answer), flush=True)  # noqa: T201 - spoken to the test
    finally:
        end(list(descendants()))
        shutil.rmtree(base, ignore_errors=True)


class Owner:
    """What the test may ask for."""

    def __init__(self) -> None:
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def spawn(
        self, name: str, argv: list[str], folder: str, user: str | None, env: dict[str, str]
    ) -> int:
        """Start a server; its output goes to `<folder>/<name>.log`."""
        other: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        with Path(folder, f"{name}.log").open("ab") as log:
            self.started[name] = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=env,
                start_new_session=True,
                **other,
            )
        return self.started[name].pid

    def tell(self, number: int, name: str, folder: str) -> int:
        """Signal a server and everything that works in `folder`; return how many were told."""
        told: set[int] = set()
        while new := [pid for pid in self._those(name, folder) if pid not in told]:
            for pid in new:
                send(pid, number)
            told.update(new)
        if number == signal.SIGKILL:
            end(sorted(told))
        return len(told)

    def living(self, name: str, folder: str) -> int:
        """Return how many processes a server has."""
        return len(list(self._those(name, folder)))

    def _those(self, name: str, folder: str) -> Iterator[int]:
        # The chief first: it would start its servers again.
        chief = self.started[name].pid if name in self.started else 0
        if alive(chief):
            yield chief
        yield from (pid for pid in descendants() if pid != chief and works_in(pid, folder))


def descendants() -> Iterator[int]:
    """Yield everything that was started from here, the old before the young."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if words[0] not in {"Z", "X"}:
            parents[int(stat.parent.name)] = int(words[1])
    ours = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= found
    yield from sorted(ours - {os.getpid()})


def alive(pid: int) -> bool:
    """Return whether it runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def works_in(pid: int, folder: str) -> bool:
    """Return whether a process stands in this folder, as all processes of a PostgreSQL do."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink()) == folder
    except OSError:
        return False


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def end(pids: list[int]) -> None:
    """Kill processes and wait until they are gone."""
    while pids:
        for pid in pids:
            send(pid, signal.SIGKILL)
        time.sleep(0.01)
        pids = [pid for pid in pids if alive(pid)]


def reap() -> None:
    """Take the statuses of the dead, else they look alive to their own lock files."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
