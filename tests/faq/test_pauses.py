import gc
import subprocess
import sys

from faq.pauses import built


def test_nothing_is_collected_while_something_large_is_made():
    assert built(gc.isenabled) is False
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        built(list)
        assert not gc.isenabled()
    finally:
        gc.enable()


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
