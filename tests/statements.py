"""Lets all engines of a test process share what they compiled, as a service's few engines do.

Each test opens a database of its own. Compiling the statements anew for each of them was a fifth of
the suite's time; a service compiles each statement once.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from sqlalchemy import Engine


def _known_already(_connection: object) -> None:
    """Ask the server nothing."""


def share(place: ModuleType) -> None:
    """Wrap a module's `create_engine`: its engines get one dialect and its one cache."""
    make, known = place.create_engine, []

    def made(*args: Any, **kwargs: Any) -> Engine:
        engine: Engine = make(*args, **kwargs)
        if known and known[0].dialect.server_version_info is not None:
            # Its own dialect would get to know the server once more, at the first connection.
            engine.dialect.initialize = _known_already  # type: ignore[method-assign]
            engine.dialect, engine._compiled_cache = known[0].dialect, known[0]._compiled_cache
        else:
            known[:] = [engine]  # A dialect that never met a server has nothing to share yet.
        return engine

    place.create_engine = made
