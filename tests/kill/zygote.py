"""A warm process that forks the product: `python -m tests.kill.zygote LISTENER`, orders on stdin.

Everything is imported, and the product composed once, before the first child, so that one starts
in the time it takes to open a database. The listening socket is inherited: while nobody serves,
connections wait in its queue.
One order a line: `{"config": {...}, "kill": {...}, "mutant": name | null, "ledger": path}`.
Answers `{"pid": n}` when the child is there and `{"status": n}` when it has ended.
"""

from __future__ import annotations

import asyncio
import ctypes
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
from bot.app import compose
from bot.cli.options import utc_now
from bot.cli.run import _serve, fast_loop
from bot.config import Config, LogConfig, inbox
from bot.logs import configure
from channels import registry
from faq.tokens import Tokens

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


def product(order: dict[str, Any], listener: socket.socket) -> None:
    """Be the product, until killed or told to stop."""
    end_with_parent()
    config = configuration(order["config"])
    if order["mutant"]:
        importlib.import_module(f"tests.mutants.{order['mutant']}").seed()
    assert timers.ANSWERED_WITHIN > ANSWERED_WITHIN
    timers.ANSWERED_WITHIN = ANSWERED_WITHIN
    configure(LogConfig(level="warning"))
    shim = ctypes.CDLL(None)
    database = str(config.database_url).removeprefix("sqlite:///")
    kill = order["kill"]
    shim.kill_arm(
        database.encode(),
        order["ledger"].encode(),
        ctypes.c_long(kill["point"]),
        1 if kill["when"] == "before" else 2,
        int(kill["power"]),
    )
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_serve(config, listener, "all"))
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
        product(order, listener)
        status = 0
    except BaseException as problem:  # noqa: BLE001 - a child must not run the parent's code
        sys.stderr.write(f"{type(problem).__name__}: {problem}\n")
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Take orders until the input ends."""
    end_with_parent()
    listener = socket.socket(fileno=int(sys.argv[1]))
    for name in registry.CHANNELS:
        importlib.import_module(f"channels.{name}.adapter")
    Tokens(Path(sys.argv[2])).warm_up()
    say, warm = sys.stdout.buffer, False
    say.write(b'{"ready": true}\n')
    say.flush()
    for line in sys.stdin.buffer:
        order = json.loads(line)
        if not warm:
            compose(configuration(order["config"]), utc_now)
            warm = True
        pid = fork(order, listener)
        say.write(b'{"pid": %d}\n' % pid)
        say.flush()
        _, status = os.waitpid(pid, 0)
        say.write(b'{"status": %d}\n' % status)
        say.flush()


if __name__ == "__main__":
    main()
