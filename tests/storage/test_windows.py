"""What a customer's deeds permit, and what is left of it."""

from datetime import timedelta

import pytest

from channels.base import Grant, ReplyWindow
from channels.message import ContactEvent, Selection, Text
from storage import windows
from storage.models import Conversation

BRIEF = Grant(timedelta(minutes=1), 3)
WINDOW = ReplyWindow(
    timedelta(hours=48), 5, {"selection": BRIEF, "followed": BRIEF, "unfollowed": None}
)
TAP, FOLLOW, GONE = (
    Selection(value="1", label="yes"),
    ContactEvent(event="followed"),
    ContactEvent(event="unfollowed"),
)


@pytest.fixture
def heard(db, now):
    """Let a customer do something, some time from now; return the conversation."""
    talk = Conversation(inbox="shop", thread="t", platform_contact="c", contact_id=None)

    async def hear(*parts, after=timedelta(), left=None, window=WINDOW):
        def run(session):
            windows.heard(session.connection(), talk, window, parts, now + after)

        if left is not None:
            talk.replies_left = left
        await db.read(run)
        return talk.reply_until - now, talk.replies_left

    return hear


async def test_words_permit_the_whole_window_and_a_tap_only_a_minute(heard):
    assert await heard(TAP) == (timedelta(minutes=1), 3)
    assert await heard(Text(text="hi")) == (timedelta(hours=48), 5)


async def test_a_short_permission_never_shortens_a_long_one(heard):
    await heard(Text(text="hi"))
    hour = timedelta(hours=1)
    assert await heard(TAP, after=hour, left=2) == (timedelta(hours=48), 2)
    assert await heard(TAP, after=hour, left=0) == (hour + timedelta(minutes=1), 3)


async def test_words_together_with_a_deed_weigh_as_words(heard):
    assert await heard(FOLLOW, Text(text="hi")) == (timedelta(hours=48), 5)


async def test_who_leaves_is_not_written_to(heard):
    await heard(Text(text="hi"))
    assert await heard(GONE, after=timedelta(minutes=5)) == (timedelta(minutes=5), 0)


async def test_a_platform_that_does_not_count_has_no_number(heard):
    endless = ReplyWindow(timedelta(hours=48))
    assert await heard(TAP, window=endless) == (timedelta(hours=48), None)


@pytest.mark.parametrize(
    ("until", "left", "person", "reason"),
    [
        (None, None, False, None),
        (1, 5, False, None),
        (-1, 5, True, "window_closed"),
        (1, 0, True, "quota_used"),
        (1, 1, False, "kept_for_person"),
        (1, 1, True, None),
        (1, 2, False, None),
        (1, None, False, None),
    ],
)
def test_why_a_message_is_not_tried(now, until, left, person, reason):
    talk = Conversation(inbox="shop", thread="t", platform_contact="c", contact_id=None)
    talk.replies_left = left
    talk.reply_until = None if until is None else now + timedelta(minutes=until)
    assert windows.refusal(talk, now, person=person, kept=True) == reason
    if reason == "kept_for_person":
        assert windows.refusal(talk, now, person=person) is None
