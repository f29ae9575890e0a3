"""Work for a process of its own, so that no customer waits for it and its memory ends with it."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ParamSpec, TypeVar

import structlog

from faq import encoder as encoders
from faq.encoder import CachedEncoder, Encoder, SentenceEncoder

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

NICENESS = 10


def end_with_parent() -> None:
    """Let this process end when the one that asked for it is gone, killed perhaps.

    A pool's process would wait for its next task for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        watch = threading.Thread(target=_outlive_not, args=(parent,), daemon=True)
        watch.start()


def _outlive_not(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


class Aside:
    """One process at most, begun when there is work and ended by `close`."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._guard = threading.Lock()

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin a piece of work; what it takes and gives is copied between the processes."""
        with self._guard:
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, context, initializer=end_with_parent)
            return self._pool.submit(work, *args, **kwargs)

    def close(self) -> None:
        """End the process, also one at work: whoever waits for it gets an error."""
        with self._guard:
            pool, self._pool = self._pool, None
        if pool is None:
            return
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - it has no `kill` before 3.14
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)


class Scribe:
    """Has the encoder laid out, and the vectors of many questions made, by a process of its own.

    That takes seconds and minutes of a processor, and hundreds of megabytes of memory which would
    not all come back, while customers are answered by words alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = Aside()
        self._is_closed = False

    def load(self, folder: Path) -> Encoder | None:
        """Return the encoder, None where it is not installed."""
        if encoders.is_installed() and not encoders.is_laid_out(folder):
            self(())
        return encoders.load(folder)

    def of(self, encoder: Encoder) -> Scribe | None:
        """Return itself for the encoder that another process can load, None for any other."""
        return self if isinstance(encoder, SentenceEncoder) else None

    def __call__(self, texts: Sequence[str]) -> None:
        """Return when the files hold all; where the process ended early, it does not.

        Raises:
            RuntimeError: `close` was called.
        """
        running = self._aside.submit(keep_vectors, self._folder, list(texts))
        if self._is_closed:
            self._aside.close()
        try:
            running.result()
        except (BrokenProcessPool, CancelledError, OSError) as problem:
            if self._is_closed:
                raise RuntimeError("nothing is encoded any more") from problem
            log.warning("encoding ended early", problem=type(problem).__name__)
        finally:
            self._aside.close()

    def close(self) -> None:
        """End the process, if one is at work."""
        self._is_closed = True
        self._aside.close()


def keep_vectors(folder: Path, texts: Sequence[str]) -> None:
    """Lay out the encoder, and put the vectors of these texts into its file, politely."""
    os.nice(NICENESS)
    encoder = encoders.load(folder)
    if encoder is not None and texts:
        CachedEncoder(encoder, folder).encode_questions(texts)
