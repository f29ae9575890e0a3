"""Ends a transaction whose time is over by shutting its socket; never by cancelling it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from time import monotonic
from typing import Protocol

from storage.errors import Unavailable


class Held(Protocol):
    """A connection to a server."""

    def fileno(self) -> int:
        """Return the descriptor of its socket."""


class Leash:
    """Holds one connection at a time, from one thread; another one may cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._may_be_stored, self._since = False, 0.0
        self.ended = threading.Event()

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self.ended.is_set()

    def hold(self, connection: Held) -> None:
        """Let this connection be the one that is cut.

        Raises:
            Unavailable: the time is over; nothing may be sent any more.
        """
        with self._lock:
            if self.over:
                raise Unavailable("the time for this call is over; nothing was stored")
            self._held, self._may_be_stored = connection, False
            self._since = monotonic()

    def let_go(self, *, may_be_stored: bool = False) -> None:
        """Keep the connection: what was to be done on it is done.

        With `may_be_stored` only its own thread can tell what came of it, however late it is.
        """
        with self._lock:
            self._held, self._may_be_stored = None, may_be_stored

    @property
    def since(self) -> float | None:
        """When what is under way was begun, None when nothing is."""
        return self._since if self._held is not None else None

    def cut(self) -> bool:
        """End the time; return whether its thread tells how it ended: under way, or just done."""
        with self._lock:
            self.ended.set()
            return self._shut() or self._may_be_stored

    def leave(self) -> None:
        """Shut what is held, if something is: its server is not to be asked; the time goes on."""
        with self._lock:
            self._shut()

    def _shut(self) -> bool:
        if self._held is None:
            return False
        # A connection that is gone already needs no shutting.
        with contextlib.suppress(OSError, ValueError):
            handle = socket.socket(fileno=os.dup(self._held.fileno()))
            with handle:
                handle.shutdown(socket.SHUT_RDWR)
        return True
