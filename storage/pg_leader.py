"""Which of several servers leads: all are asked at once, so that a silent one holds nobody up.

A frozen server takes connections and answers nothing. Who asks the servers one after the other
loses seconds at it in each try, and each connection to it has to find out for itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from storage.errors import Unavailable

CALM = 1.0
"""Who leads is not looked for on a mere suspicion so soon after it was found."""
ROUND = 0.1
"""Seconds between two rounds of asking, and how soon who waits for an answer sees that it is late.
"""
LEADING = frozenset({"read-write", "primary"})
"""What is asked of a server where only one of them can be meant."""
Target = Mapping[str, Any]
Reach = Callable[[Target], object]
"""Connects to a server and leaves again; raises unless it leads."""


def servers_of(target: Target) -> list[Target]:
    """Return an address for each server of one that names several and means their leader."""
    lists = {
        name: str(target[name]).split(",")
        for name in ("host", "hostaddr", "port")
        if target.get(name)
    }
    many = max((len(each) for each in lists.values()), default=1)
    if many == 1 or target.get("target_session_attrs") not in LEADING:
        return [target]
    return [
        {**target, **{name: each[place % len(each)] for name, each in lists.items()}}
        for place in range(many)
    ]


class Leader:
    """Knows the leader, or looks for it; for any thread.

    `term` counts how often another server began to lead: a connection made in an earlier term is
    not used again. `moved` is called then.
    """

    def __init__(
        self, target: Target, reach: Reach, clock: Callable[[], float] = monotonic
    ) -> None:
        self._servers, self._reach, self._clock = servers_of(target), reach, clock
        self._known = threading.Condition(threading.RLock())
        self._place: int | None = None if self.may_move else 0
        self._last = self._place
        self._asking, self._found_at = set[int](), clock()
        self._seeking = self._closed = False
        self.term = 0
        self.moved: Callable[[], None] = _nothing

    @property
    def target(self) -> Target:
        """The address of the server that led last."""
        return self._servers[self._last or 0]

    @property
    def may_move(self) -> bool:
        """Whether there is another server that could lead."""
        return len(self._servers) > 1

    def wait(self, ended: threading.Event) -> int:
        """Wait until it is known who leads; return the term.

        Raises:
            Unavailable: `ended` was set before.
        """
        with self._known:
            while self._place is None:
                if ended.is_set() or self._closed:
                    raise Unavailable("no server takes writes; nothing was stored")
                self._seek()
                self._known.wait(ROUND)
            return self.term

    def doubt(self, term: int) -> None:
        """Look again who leads, unless that was done since `term`."""
        with self._known:
            if self.may_move and term == self.term and not self._closed:
                self._place = None
                self._seek()

    def suspect(self) -> None:
        """Look again who leads, unless that was found just now: some call takes long."""
        with self._known:
            if self._clock() - self._found_at >= CALM:
                self.doubt(self.term)

    def close(self) -> None:
        """Look for nobody any more."""
        with self._known:
            self._closed = True
            self._known.notify_all()

    def _seek(self) -> None:
        if not self._seeking:
            self._seeking = True
            threading.Thread(target=self._rounds, name="leader", daemon=True).start()

    def _rounds(self) -> None:
        with self._known:
            while self._place is None and not self._closed:
                for place in set(range(len(self._servers))) - self._asking:
                    self._asking.add(place)
                    asked = threading.Thread(target=self._ask, args=(place,), daemon=True)
                    asked.start()
                self._known.wait(ROUND)
            self._seeking = False

    def _ask(self, place: int) -> None:
        leads = False
        try:
            self._reach(self._servers[place])
            leads = True
        except Exception:  # noqa: BLE001, S110 - whatever it is: this one does not lead
            pass
        with self._known:
            self._asking.discard(place)
            if not leads or self._place is not None:
                return
            moved = self._last not in {None, place}
            self._place = self._last = place
            self._found_at = self._clock()
            self.term += moved
            self._known.notify_all()
        if moved:
            self.moved()


def _nothing() -> None:
    """Do nothing: nobody wants to know."""
