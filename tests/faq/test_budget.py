"""A decision has so much of a processor, and a customer so much patience."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from faq.budget import within

LONG = 60.0


@pytest.fixture
def worker():
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def gate():
    """What a worker of a test waits for; opened in the end, so that it ends."""
    gate = threading.Event()
    yield gate
    gate.set()


async def test_what_is_done_in_time_is_returned(worker):
    assert await within(LONG, LONG, worker, lambda: "done") == "done"


async def test_work_that_computes_for_too_long_is_given_up(worker, gate):
    def compute():
        while not gate.is_set():
            pass

    assert await within(0.05, LONG, worker, compute) is None
    gate.set()


async def test_waiting_for_a_processor_is_not_counted_as_work(worker, gate):
    """A machine that is busy keeps a decision waiting; it has cost nothing yet."""

    def wait():
        gate.wait(0.2)
        return "late"

    assert await within(0.02, LONG, worker, wait) == "late"


async def test_whoever_waits_too_long_is_told_so(worker, gate):
    assert await within(0.02, 0.05, worker, lambda: gate.wait(LONG)) is None


async def test_a_patience_below_the_budget_counts_as_the_budget(worker, gate):
    def wait():
        gate.wait(0.2)
        return "late"

    assert await within(LONG, 0.02, worker, wait) == "late"


async def test_what_was_never_begun_is_not_done_later(worker, gate):
    done = []
    first = worker.submit(gate.wait, LONG)
    assert await within(0.02, 0.05, worker, lambda: done.append(1)) is None
    gate.set()
    first.result()
    worker.submit(int).result()
    assert done == []


async def test_an_error_in_the_work_reaches_who_asked(worker):
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(LONG, LONG, worker, fail)
