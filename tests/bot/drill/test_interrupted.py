"""Whoever stops a drill is left with nothing running and nothing lying around."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parents[3]


def working_in(folder: Path) -> list[str]:
    """Return the processes that work in a folder or below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            place = (process / "cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(folder):
            found.append(process.name)
    return found


@pytest.fixture
def attentive() -> Iterator[None]:
    """Let children hear SIGINT: to what a shell starts in its background it is lost."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("attentive")
@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="asks Linux who works where")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_drill_and_what_it_started(tmp_path, number):
    command = ("-m", "bot", "drill", "--channels", "telegram", "--messages", "200")
    drill = await asyncio.create_subprocess_exec(
        *(sys.executable, *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE), "TMPDIR": str(tmp_path)},
    )
    try:
        async with asyncio.timeout(90):
            while b"200 messages" not in await drill.stderr.readline():
                assert drill.returncode is None
            assert working_in(tmp_path)
            drill.send_signal(number)
            told, complaint = await drill.communicate()
    finally:
        if drill.returncode is None:
            drill.kill()
    assert drill.returncode == 1
    assert not told
    assert b"stopped" in complaint
    assert b"Traceback" not in complaint
    assert working_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []
