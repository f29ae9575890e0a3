import gc
import os
import platform
import subprocess
import sys
from contextlib import contextmanager

import pytest

from faq.config import FaqConfig
from faq.hybrid import HybridMatcher
from faq.matcher import Entry
from faq.pauses import built, unhurried
from faq.tokens import Tokens

ASIDE = "stepped aside"


@contextmanager
def watched(seen):
    """Note each time that this thread lets others have its processor."""

    def note(_frame, event, called):
        if event == "c_call" and called is os.sched_yield:
            seen.append(ASIDE)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(before)


@pytest.fixture(params=[True, False], ids=["on", "off"])
def collecting(request):
    was = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was else gc.disable)()


def test_nothing_is_collected_while_something_large_is_made(collecting):
    assert built(gc.isenabled) is False
    assert gc.isenabled() is collecting


def test_a_collector_is_left_as_it_was_where_nothing_could_be_made(collecting):
    with pytest.raises(ValueError, match="invalid literal"):
        built(int, "no number")
    assert gc.isenabled() is collecting


def test_what_a_service_builds_is_frozen_and_goes_with_its_last_name():
    script = """
import gc, weakref
from faq.pauses import built
class Large: ...
gc.freeze()
before, made = gc.get_freeze_count(), built(lambda: [Large() for _ in range(1000)])
assert gc.get_freeze_count() >= before + 1000
last = weakref.ref(made[-1])
del made
assert last() is None
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_was_garbage_before_is_not_kept_with_what_a_service_builds():
    script = """
import gc, weakref
from faq.pauses import built
class Ring: ...
gc.freeze()
gc.disable()
ring = Ring()
ring.itself = ring
last = weakref.ref(ring)
del ring
built(list)
assert last() is None
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_it_took_to_make_something_goes_back_to_the_system():
    """Every fiftieth of a hundred thousand pieces is kept, so nothing is free at the end."""
    script = """
from pathlib import Path
from faq.pauses import built
def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])
def make():
    pieces = [bytes([at % 256]) * 600 for at in range(100_000)]
    global most
    most = pages() - before
    return pieces[::50]
before = pages()
kept = built(make)
assert pages() - before < most / 3, (before, most, pages())
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_items_are_given_one_by_one_and_others_may_run_after_each():
    steps = []
    with watched(steps):
        items = unhurried(["one", "two"])
        assert (next(items), steps) == ("one", [])
        assert (next(items), steps) == ("two", [ASIDE])
        assert (list(items), steps) == ([], [ASIDE, ASIDE])


def test_an_edit_lets_others_run_between_its_steps():
    """Or who waits for an answer would stand behind all of it, on a processor that is busy."""
    matcher = HybridMatcher.build([Entry("a", "怎么退货", (), {"zh": "…"})], FaqConfig(), Tokens())
    steps = []
    with watched(steps):
        matcher.edited([Entry(key, f"会员{key}有什么好处", (), {"zh": "…"}) for key in "bcd"], [])
    assert steps.count(ASIDE) >= 5
