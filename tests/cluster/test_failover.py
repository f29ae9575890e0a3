"""The three nodes alone, with plain writers: the ground that the product's own proof stands on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.cluster.servers import NODES, Cluster, missing, until
from tests.cluster.writer import Writers, rows

pytestmark = [pytest.mark.cluster, pytest.mark.long, pytest.mark.timeout(300)]
FROZEN = 15.0


def check(cluster: Cluster, writers: Writers) -> None:
    """Every acknowledged row is on every node."""
    cluster.wait()
    said = {key for _, key in writers.acknowledged}
    assert len(said) > 100
    for node in NODES:
        url = cluster.url(node=node)
        until(lambda url=url: said <= set(rows(url)), 20)
    assert len(rows(cluster.url())) == len(set(rows(cluster.url())))


def clear(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS written")


def test_a_killed_leader_is_followed_by_another_and_takes_no_row_with_it(whole: Cluster):
    clear(whole)
    with Writers(whole.url()) as writers:
        until(lambda: len(writers.acknowledged) > 100, 30)
        old, struck = whole.leader(), time.monotonic()
        whole.kill(old)
        until(lambda: whole.another_leads(old), 60)
        until(lambda: any(when > struck + 1 for when, _ in writers.acknowledged), 60)
        whole.run(old)
        whole.wait()
    check(whole, writers)
    report("killed", struck, writers)


def test_a_frozen_leader_that_wakes_up_finds_another_and_no_row_is_lost(whole: Cluster):
    clear(whole)
    with Writers(whole.url()) as writers:
        until(lambda: len(writers.acknowledged) > 100, 30)
        old, struck = whole.leader(), time.monotonic()
        whole.freeze(old)
        try:
            until(lambda: time.monotonic() > struck + FROZEN, FROZEN + 5)
            assert whole.another_leads(old)
        finally:
            whole.thaw(old)
        whole.wait()
    check(whole, writers)
    report("frozen", struck, writers)


def test_nothing_outlives_a_run_that_was_killed(tmp_path: Path):
    if lacking := missing():
        pytest.skip(lacking)
    said = tmp_path / "base"
    code = (
        "import pathlib, time\nfrom tests.cluster.servers import Cluster\n"
        "with Cluster() as c:\n"
        f"    pathlib.Path({str(said)!r}).write_text(str(c.base))\n    time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    run = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    try:
        until(lambda: run.poll() is None and said.exists() and said.read_text(), 90)
        base = said.read_text()
        assert len(those_that_name(base)) >= 3
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    until(lambda: not those_that_name(base) and not Path(base).exists(), 20)


def those_that_name(base: str) -> list[str]:
    """Return the processes that were started with this folder or stand in it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text()
            place = str((process / "cwd").readlink())
        except OSError:
            continue
        if base in words or place.startswith(base):
            found.append(words)
    return found


def report(what: str, struck: float, writers: Writers) -> None:
    print(  # noqa: T201 - the figures are the point
        f"\nleader {what}: {len(writers.acknowledged)} rows acknowledged, 0 lost, "
        f"no writes for {writers.outage(struck - 0.1):.1f} s, {writers.repeated} repeated"
    )
