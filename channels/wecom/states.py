"""Service states: who has a customer in WeCom, and whom an answer of ours takes back from there.

WeCom lets us send to who is new (0) or with the bot (1). Who waits in its queue (2) or is with a
servicer (3) can only be moved on, and at last to the end (4): with the code of that move one more
message may be sent, and when the customer writes again they are new, and ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.errors import ChannelError, Refused, Unavailable, WindowClosed

NEW, WITH_US, WAITING, SERVED, ENDED = range(5)

_REFUSALS: Mapping[int, ChannelError] = {
    WAITING: Refused("the customer waits in WeCom's own queue, where only a servicer can answer"),
    SERVED: Refused("a servicer has this customer in WeCom; only there can an answer be written"),
    ENDED: WindowClosed("the session was ended in WeCom; wait until the customer writes again"),
}


def may_send(state: int) -> bool:
    """Say whether a state lets our messages through."""
    return state in (NEW, WITH_US)


def refusal(state: int | None) -> ChannelError:
    """Return why a state lets nothing through; in one that should, it is a passing trouble."""
    known = None if state is None else _REFUSALS.get(state)
    if known is None:
        return Unavailable("the service state lets nothing through for a moment")
    return type(known)(f"{known} (WeCom 95018, state {state})")


def may_end(state: int, *, person: bool) -> bool:
    """Say whether an answer ends what a customer has with WeCom's own people.

    Nobody serves who waits; who is served is taken from a colleague by a person only.
    """
    return state == WAITING or (state == SERVED and person)
