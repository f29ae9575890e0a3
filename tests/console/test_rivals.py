"""Two at the same moment: one wins, the other is told, and nothing leaves twice."""

import asyncio
import re

from sqlmodel import select

from handlers.desk.tickets import NewTicket, open_from_desk
from storage import tickets
from storage.models import Delivery, Message, Owner, TicketStep
from tests.console.world import Console

ROUNDS = 8
PARTIAL = {"hx-request": "true"}


async def deliveries(console: Console, conversation) -> int:
    return await console.db.read(
        lambda s: len(
            s.exec(select(Delivery).where(Delivery.conversation_id == conversation.id)).all()
        )
    )


async def test_of_two_who_take_at_once_one_may_answer(desk_console: Console):
    li, zhao = await desk_console.enter("li"), await desk_console.enter("zhao")
    for number in range(ROUNDS):
        talk = await desk_console.talk(name=f"c{number}", owner=Owner.QUEUE)
        url = f"/inbox/{talk.id}"
        taken = await asyncio.gather(*(b.post(f"{url}/take", headers=PARTIAL) for b in (li, zhao)))
        assert sorted(answer.status_code for answer in taken) == [200, 409]
        form = {"text": "您好", "echo_id": f"e{number}"}
        said = await asyncio.gather(
            *(b.post(f"{url}/reply", data=form, headers=PARTIAL) for b in (li, zhao, li, zhao))
        )
        codes = [answer.status_code for answer in said]
        winner = 0 if taken[0].status_code == 200 else 1
        assert [codes[winner], codes[winner + 2]] == [204, 204]
        assert [codes[1 - winner], codes[3 - winner]] == [409, 409]
        loser = (li, zhao)[1 - winner]
        assert (await loser.post(f"{url}/note", data=form, headers=PARTIAL)).status_code == 204
        assert await deliveries(desk_console, talk) == 1


async def test_one_echo_id_is_one_message_for_everybody_in_the_house(desk_console: Console):
    """An id that a browser repeats never turns a reply into a note, or a note into a reply."""
    li = await desk_console.enter("li")
    talk = await desk_console.talk(owner=Owner.QUEUE)
    await li.post(f"/inbox/{talk.id}/take")
    note, reply = {"text": "in private", "echo_id": "x"}, {"text": "您好", "echo_id": "x"}
    assert (await li.post(f"/inbox/{talk.id}/note", data=note, headers=PARTIAL)).status_code == 204
    assert (
        await li.post(f"/inbox/{talk.id}/reply", data=reply, headers=PARTIAL)
    ).status_code == 204
    said = await desk_console.db.read(
        lambda s: [(m.private, m.parts[0].text) for m in s.exec(select(Message))]
    )
    assert (True, "in private") in said
    assert (False, "in private") not in said
    assert (False, "您好") in said


async def test_a_form_that_is_sent_twice_at_once_opens_one_complaint(desk_console: Console):
    li = await desk_console.enter("li")
    for number in range(ROUNDS):
        talk = await desk_console.talk(name=f"t{number}")
        url = f"/tickets/new?conv={talk.id}"
        key = re.search(r'name="key" value="([^"]+)"', (await li.get(url)).text)[1]
        form = {"category": "service", "facts": "Nobody answered", "key": key}
        answers = await asyncio.gather(*(li.post(url, data=form) for _ in range(2)))
        assert {answer.status_code for answer in answers} == {303}
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert len(await desk_console.db.read(tickets.of_conversation, talk.id)) == 1
        assert await deliveries(desk_console, talk) == 1


async def test_of_two_who_take_a_step_at_once_one_is_told_to_look_again(desk_console: Console):
    li, zhao = await desk_console.enter("li"), await desk_console.enter("zhao")
    for number in range(ROUNDS):
        talk = await desk_console.talk(name=f"t{number}")
        ticket = await desk_console.db.write(
            open_from_desk,
            talk.id,
            desk_console.agents["li"],
            NewTicket("complaint", {"facts": "broken"}),
            desk_console.time.now,
        )
        form = {
            "action": "record",
            "category": "quality",
            "facts": "broken",
            "version": str(ticket.version),
        }
        url = f"/tickets/{ticket.number}/steps"
        answers = await asyncio.gather(*(b.post(url, data=form) for b in (li, zhao)))
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        stored = await desk_console.db.read(
            lambda s, case=ticket.id: [
                step.action
                for step in s.exec(select(TicketStep).order_by(TicketStep.position))
                if step.ticket_id == case
            ]
        )
        assert stored == ["receive", "record"]
