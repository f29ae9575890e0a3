"""Work in a process of its own."""

import os
import select
import subprocess
import sys
import threading
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from faq import encoder, vectors
from faq.aside import Aside, Scribe
from faq.vectors import key_of

TEXTS = ["怎么退货", "how to return", "今天天气"]
needs_encoder = pytest.mark.skipif(not encoder.is_installed(), reason="needs the extra semantic")

POOL = """
import multiprocessing, os
from concurrent.futures import ProcessPoolExecutor
from faq.aside import end_with_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, context, initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    input()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux: os.pidfd_open")
def test_a_learning_process_does_not_outlive_the_service_that_was_killed(tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as service:
        handle = os.pidfd_open(int(service.stdout.readline()))
        service.kill()
    assert select.select([handle], [], [], 30)[0] == [handle]
    os.close(handle)


def test_work_is_done_by_another_process_which_then_is_closed():
    aside = Aside()
    first = aside.submit(os.getpid).result()
    aside.close()
    again = aside.submit(os.getpid).result()
    aside.close()
    assert len({os.getpid(), first, again}) == 3


def test_a_process_that_ends_early_is_an_error():
    aside = Aside()
    with pytest.raises(BrokenProcessPool):
        aside.submit(os._exit, 1).result()
    aside.close()
    assert aside.submit(int).result() == 0
    aside.close()


@needs_encoder
def test_vectors_of_many_questions_are_kept_by_another_process(tmp_path):
    scribe = Scribe(tmp_path)
    scribe(TEXTS)
    (file,) = tmp_path.glob("vectors-*.npy")
    assert set(vectors.read(file).places()) == {key_of(text) for text in TEXTS}


def test_after_its_close_nothing_is_encoded(tmp_path):
    scribe = Scribe(tmp_path)
    scribe.close()
    with pytest.raises(RuntimeError):
        scribe(TEXTS)
    assert list(tmp_path.glob("vectors-*")) == []


def test_whoever_waits_for_vectors_is_told_when_all_ends(tmp_path):
    scribe, told = Scribe(tmp_path), []

    def wait():
        try:
            scribe([str(number) for number in range(100_000)])
        except RuntimeError as problem:
            told.append(problem)

    waiting = threading.Thread(target=wait)
    waiting.start()
    scribe.close()
    waiting.join(60)
    assert len(told) == 1


@needs_encoder
def test_the_encoder_is_laid_out_by_another_process(tmp_path):
    assert not encoder.is_laid_out(tmp_path)
    scribe = Scribe(tmp_path)
    scribe(())
    assert encoder.is_laid_out(tmp_path)
    assert list(tmp_path.glob("vectors-*")) == []
    assert scribe.load(tmp_path).name == encoder.load(tmp_path).name
