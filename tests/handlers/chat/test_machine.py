"""What a machine wrote is never answered by a machine."""

import pytest

from channels.message import ContactEvent, Text
from storage.models import Owner, Status

AWAY = Text(text="怎么退货")
CAME_BACK = (ContactEvent(event="bounced", context="550"), Text(text="550"))


async def test_what_a_machine_begins_goes_to_a_person_without_a_word(customer):
    heard = await customer.do(AWAY, automatic=True)
    talk = await customer.conversation()
    assert heard.parts == ()
    assert (talk.owner, talk.handoff_reason, talk.unread) == (Owner.QUEUE, "machine", 1)


async def test_a_note_of_absence_in_a_talk_is_kept_and_calls_nobody(customer):
    await customer.say("怎么退货")
    heard = await customer.do(AWAY, automatic=True)
    talk = await customer.conversation()
    assert heard.parts == ()
    assert (talk.owner, talk.status, talk.preview) == (Owner.BOT, Status.OPEN, "怎么退货")


async def test_mail_that_came_back_calls_a_person(customer):
    await customer.say("怎么退货")
    heard = await customer.do(*CAME_BACK, automatic=True)
    talk = await customer.conversation()
    assert heard.parts == ()
    assert (talk.owner, talk.handoff_reason) == (Owner.QUEUE, "bounced")


@pytest.mark.parametrize("text", ["转人工", "漏电了", "投诉", "1", "怎么退货"])
async def test_no_word_of_a_machine_makes_the_bot_speak(customer, text):
    await customer.say("你好")
    assert (await customer.do(Text(text=text), automatic=True)).parts == ()
