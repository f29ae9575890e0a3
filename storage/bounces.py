"""What a platform takes back afterwards: a message that it had taken did not arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from channels.base import Bounced
from channels.errors import ChannelError, QuotaUsed, WindowClosed
from storage import windows
from storage.deliveries import tell
from storage.models import Delivery, DeliveryStatus, Fact

OF_THE_WINDOW: Mapping[type[ChannelError], str] = {
    WindowClosed: windows.CLOSED,
    QuotaUsed: windows.USED,
}
"""What a platform says of its own reply window."""
GONE_OUT = frozenset({DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN})


def bounce(session: Session, inbox: str, found: Bounced, now: datetime) -> bool:
    """Let a delivery of `inbox` have failed after all; return whether that is new.

    One that is just being sent may be meant too: the platform is faster than our own commit.
    """
    delivery = _delivery(session, inbox, found.delivery_id)
    if delivery is None or delivery.status not in GONE_OUT:
        return False
    window = OF_THE_WINDOW.get(type(found.error))
    for one in (delivery, *_riding(session, delivery)):
        one.status, one.problem = DeliveryStatus.FAILED, reason(found.error)
        session.add(one)
        tell(session, one, Fact.DELIVERY_FAILED, now)
    session.flush()
    if window is not None:
        windows.correct(session, delivery.conversation_id, window, now)
    return True


def reason(error: ChannelError) -> str:
    """Return what is kept of an error: a word where the desk has its own for it."""
    return OF_THE_WINDOW.get(type(error)) or f"{error}"[:500]


def _delivery(session: Session, inbox: str, delivery_id: str) -> Delivery | None:
    try:
        key = UUID(hex=delivery_id)
    except ValueError:
        return None
    delivery = session.get(Delivery, key)
    return delivery if delivery is not None and delivery.inbox == inbox else None


def _riding(session: Session, delivery: Delivery) -> Sequence[Delivery]:
    """Return what went out, or is going out, in the same message."""
    others = select(Delivery).where(
        Delivery.lane == delivery.lane,
        Delivery.status == delivery.status,
        Delivery.id != delivery.id,
    )
    if delivery.status is DeliveryStatus.SENDING:
        # One message is on its way in a lane, and it is named after its first delivery.
        return session.exec(others.where(Delivery.sequence > delivery.sequence)).all()
    if delivery.platform_id is None:
        return ()
    return session.exec(others.where(Delivery.platform_id == delivery.platform_id)).all()
