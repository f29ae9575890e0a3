import gc
import subprocess
import sys

import pytest

from faq.pauses import built


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
