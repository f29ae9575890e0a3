"""One attempt to send a message: what is stored before it, and after one that must be repeated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.inboxes import Inbox
from bot.lane_loop import LEASE
from bot.pace import need_of
from channels.base import Rate
from channels.errors import RateLimited
from channels.message import Visibility, is_notice
from handlers.personal import personal
from storage import answers, deliveries, lanes, leases, paces, windows
from storage.deliveries import Started
from storage.departures import Waiting
from storage.jobs import FRESH, on_terms
from storage.models import Author, LaneKind
from storage.paces import Leave

HEARING = timedelta(seconds=0.5)
"""How long a message waits that may go once more of the customer's words are read."""

PERSONAL = "personal_data"
"""Why a message is not tried in a thread that others read."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery that was begun: to be sent unless it is refused, in doubt, or has to wait."""

    started: Started
    refusal: str | None = None
    doubtful: bool = False
    leave: Leave | None = None

    @property
    def goes(self) -> bool:
        """Whether the platform is to be asked now."""
        return self.leave is not None and self.leave.wait_until is None

    @property
    def back(self) -> str | None:
        """The inbox, if its platform failed before: whatever it answers now, it is there again."""
        troubled = self.leave is not None and self.leave.troubled
        return self.started.delivery.inbox if troubled else None


def may_repeat(inbox: Inbox) -> bool:
    """Say whether a message that perhaps arrived may be sent once more."""
    return inbox.capabilities.idempotent_send or inbox.config.on_uncertain == "resend"


def begin(
    session: Session, inbox: Inbox, lane: str, token: str, now: datetime, whole: Rate | None
) -> Begun | None:
    """Begin the lane's next delivery, or say why not; None when there is none.

    With `whole` a slice of the inbox's rate is taken first.

    Raises:
        Fenced: the lane went to another worker.
    """
    started = deliveries.start(session, lane, token, now, LEASE)
    if started is None:
        return None
    if started.again and not may_repeat(inbox):
        return Begun(started, doubtful=True)
    refusal = _refusal(started, inbox, now)
    if refusal in windows.RENEWED and lanes.waiting(session, LaneKind.IN, lane):
        # What the customer wrote meanwhile grants new replies, once it is read.
        until = now + HEARING
        deliveries.undo_start(session, started)
        lanes.postpone(session, LaneKind.OUT, lane, token, until, failed=False)
        return Begun(started, leave=Leave(until))
    refusal = refusal or _indiscretion(started)
    if refusal is not None:
        return Begun(started, refusal)
    if _names_what_it_answers(inbox, started):
        started = _answering(session, started)
    leave = paces.ask(session, need_of(inbox, started.conversation, whole), now)
    if leave.wait_until is not None:
        deliveries.undo_start(session, started)
        # One that waits with everybody keeps its place among them.
        until = now if leave.everybody else leave.wait_until
        lanes.postpone(session, LaneKind.OUT, lane, token, until, failed=False)
    return Begun(started, leave=leave)


def is_plain(inbox: Inbox) -> bool:
    """Say whether its messages ask nothing of the database but what every message asks."""
    able = inbox.capabilities
    limited = able.rates.whole or able.rates.chat or able.rates.group
    counted = able.reply_window is not None or able.answers or able.quotes
    return not (limited or counted or inbox.config.messages_per_second)


def is_simple(inbox: Inbox) -> bool:
    """Say whether its messages may begin together: none of them says what it answers."""
    return not inbox.capabilities.answers


def simple(inbox: Inbox, waiting: Waiting, now: datetime) -> Started | None:
    """Return how a message is sent that was never tried, None where it must be looked at alone."""
    delivery, conversation = waiting.delivery, waiting.conversation
    person = waiting.author is Author.AGENT
    message = deliveries.outgoing(delivery, conversation)
    started = Started(
        delivery,
        conversation,
        message.model_copy(update={"automatic": not person}),
        again=False,
        person=person,
    )
    refused = windows.refusal(conversation, now, person=person) or _indiscretion(started)
    # Where there are replies for all that wait and one more, none is kept and none rides along.
    left = conversation.replies_left
    scarce = left is not None and left <= waiting.many
    return None if refused or scarce or _names_what_it_answers(inbox, started) else started


@on_terms(FRESH)
def take_back(session: Session, begun: Begun, token: str, now: datetime) -> None:
    """Take back a beginning that may be stored or not: its message was not sent.

    Raises:
        Fenced: the lane went to another worker.
    """
    lanes.hold(session, LaneKind.OUT, begun.started.delivery.lane, token, now, LEASE)
    deliveries.undo_start(session, begun.started)


@on_terms(FRESH)
def take_back_with_lane(session: Session, begun: Begun, token: str, now: datetime) -> None:
    """Do the same, and give its lane back: nobody has it in hand.

    Raises:
        Fenced: nothing was begun, or the lane went to another worker.
    """
    take_back(session, begun, token, now)
    leases.release(session, LaneKind.OUT, begun.started.delivery.lane, token)


def again(session: Session, started: Started, problem: str, token: str, until: datetime) -> None:
    """Try a message that failed once more, then.

    Raises:
        Fenced: the lane went to another worker, or the message has ended.
    """
    deliveries.retry_later(session, started, problem)
    lanes.postpone(session, LaneKind.OUT, started.delivery.lane, token, until, failed=True)


def pause(
    session: Session, begun: Begun, token: str, problem: RateLimited, now: datetime, chat: str
) -> bool:
    """Leave a chat alone as long as its platform says; return whether it means the whole inbox."""
    delivery, until = begun.started.delivery, now + timedelta(seconds=problem.retry_after)
    if begun.back is not None:
        paces.recovered(session, begun.back)
    everybody = paces.block(session, delivery.inbox, chat, now, until, alone=problem.here)
    deliveries.retry_later(session, begun.started, f"{problem}", counts=False)
    lanes.postpone(session, LaneKind.OUT, delivery.lane, token, until, failed=False)
    return everybody


def _names_what_it_answers(inbox: Inbox, started: Started) -> bool:
    able, public = inbox.capabilities, started.message.address.visibility is Visibility.PUBLIC
    return able.answers or (able.quotes and public)


def _indiscretion(started: Started) -> str | None:
    # Whoever enqueued it: nothing that looks like personal data leaves where others read along.
    is_public = started.conversation.visibility is Visibility.PUBLIC
    return PERSONAL if is_public and personal(started.message.parts) else None


def _answering(session: Session, started: Started) -> Started:
    named = answers.answered(session, started.delivery.message_id)
    return replace(started, message=started.message.model_copy(update={"reply_to": named}))


def _refusal(started: Started, inbox: Inbox, now: datetime) -> str | None:
    if is_notice(started.message.parts):
        return None
    kept = _keeps_one(inbox)
    return windows.refusal(started.conversation, now, person=started.person, kept=kept)


def _keeps_one(inbox: Inbox) -> bool:
    # Where a platform counts our replies, the last one is a person's.
    window = inbox.capabilities.reply_window
    return window is not None and window.messages is not None and window.messages > 1
