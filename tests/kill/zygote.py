"""A warm process that forks the product: `python -m tests.kill.zygote LISTENER`, orders on stdin.

Before the first child it plays the product itself once, undisturbed, so that a child inherits what
a process learns in its first seconds (modules, mappers, compiled statements) and starts in the time
it takes to open a database. The listening socket is inherited: while nobody serves, connections
wait in its queue.
One order a line: `{"config": {...}, "kill": {...} | null, "mutant": name | null, "ledger": path}`;
without a kill it is the rehearsal. Answers `{"pid": n}` when the product is there and
`{"status": n}` when it has ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import importlib
import json
import os
import signal
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import apscheduler.executors.asyncio
import apscheduler.triggers.interval  # noqa: F401 - imported before the fork, as the next one

import bot.protocol  # noqa: F401
from bot import timers
from bot.cli.run import _serve, fast_loop
from bot.config import Config, LogConfig, inbox
from bot.logs import configure
from channels import registry
from faq.tokens import Tokens
from storage import engine
from tests.statements import share

ANSWERED_WITHIN = timedelta(seconds=2)
"""So that a run ends: it takes an answer that no platform fetches for lost a little sooner."""

PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let nothing be left behind by a test that was itself killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def configuration(raw: dict[str, Any]) -> Config:
    """Return the product's settings."""
    inboxes = {name: inbox(name, told) for name, told in raw["inboxes"].items()}
    return Config(**{**raw, "inboxes": inboxes})


def serve(order: dict[str, Any], listener: socket.socket) -> None:
    """Be the product, until killed or told to stop."""
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_serve(configuration(order["config"]), listener, "all"))


def doomed(order: dict[str, Any], listener: socket.socket) -> None:
    """Be the product that dies where the order says."""
    end_with_parent()
    if order["mutant"]:
        importlib.import_module(f"tests.mutants.{order['mutant']}").seed()
    shim = ctypes.CDLL(None)
    database = order["config"]["database_url"].removeprefix("sqlite:///")
    kill = order["kill"]
    shim.kill_arm(
        database.encode(),
        order["ledger"].encode(),
        ctypes.c_long(kill["point"]),
        1 if kill["when"] == "before" else 2,
        int(kill["power"]),
    )
    serve(order, listener)
    shim.kill_count.restype = ctypes.c_long
    with Path(order["ledger"]).open("a", encoding="utf-8") as ledger:
        ledger.write(f"counted {shim.kill_count()}\n")


def fork(order: dict[str, Any], listener: socket.socket) -> int:
    """Return the child's process id; the child itself never returns."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        doomed(order, listener)
        status = 0
    except BaseException as problem:  # noqa: BLE001 - a child must not run the parent's code
        sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def rehearse(order: dict[str, Any], listener: socket.socket) -> None:
    """Play the product in this process, and keep what it learned for the children."""
    nothing, stdout = os.open(os.devnull, os.O_RDWR), os.dup(1)
    os.dup2(nothing, 1)
    serve(order, socket.socket(fileno=os.dup(listener.fileno())))
    os.dup2(stdout, 1)
    os.close(stdout)
    os.close(nothing)
    gc.collect()
    gc.freeze()


def say(**what: int) -> None:
    """Answer the harness."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Take orders until the input ends."""
    end_with_parent()
    listener = socket.socket(fileno=int(sys.argv[1]))
    assert timers.ANSWERED_WITHIN > ANSWERED_WITHIN
    timers.ANSWERED_WITHIN = ANSWERED_WITHIN
    configure(LogConfig(level="warning"))
    for name in registry.CHANNELS:
        importlib.import_module(f"channels.{name}.adapter")
    Tokens(Path(sys.argv[2])).warm_up()
    share(engine)
    say(ready=1)
    for line in sys.stdin:
        order = json.loads(line)
        if order["kill"] is None:
            say(pid=os.getpid())
            rehearse(order, listener)
            say(status=0)
            continue
        pid = fork(order, listener)
        say(pid=pid)
        say(status=os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    main()
