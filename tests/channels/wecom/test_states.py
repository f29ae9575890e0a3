"""Who is with WeCom's own people is answered all the same, where that takes them from nobody."""

import pytest

from channels.errors import Refused, Unavailable, WindowClosed
from channels.message import Choice, Choices
from channels.wecom.simulated_states import MOVES
from channels.wecom.simulator import refusal
from channels.wecom.states import ENDED, NEW, SERVED, WAITING, WITH_US, may_end, may_send

CUSTOMER = "wmTEST0001"
BOT = {"automatic": True}
LATER = "01" * 16
MENU = Choices(prompt="满意吗？", options=(Choice(value="csat:5", label="满意"),))


def by(message, *, bot):
    return message.model_copy(update={"automatic": bot})


@pytest.mark.parametrize(("state", "bot"), [(WAITING, True), (WAITING, False), (SERVED, False)])
async def test_an_answer_takes_back_who_waits_and_a_persons_also_who_is_served(
    joined, saying, state, bot
):
    async with joined(limited=True) as (adapter, simulator):
        simulator.serve(CUSTOMER, state)
        sent = await adapter.send(by(saying("我们来处理", MENU), bot=bot))
        assert (sent.pieces, simulator.screen[0].text) == (1, "我们来处理\n满意吗？")
        assert simulator.screen[0].platform_id == sent.platform_id
        assert simulator.platform.states.moved == [(CUSTOMER, ENDED)]


async def test_who_was_taken_back_is_answered_also_where_the_code_cannot_be_kept(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        simulator.serve(CUSTOMER, WAITING)
        adapter._memory.full = True
        await adapter.send(saying("我们来处理"))
        assert [seen.text for seen in simulator.screen] == ["我们来处理"]


async def test_who_writes_again_after_that_is_ours(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        simulator.serve(CUSTOMER, SERVED)
        await adapter.send(saying("我们来处理"))
        with pytest.raises(WindowClosed, match="wait until the customer writes again"):
            await adapter.send(saying("还有", delivery_id=LATER))
        simulator.happened(simulator.say(CUSTOMER, "好的"))
        await adapter.send(saying("还有", delivery_id=LATER))
        assert [seen.text for seen in simulator.screen] == ["我们来处理", "还有"]


async def test_the_bot_takes_nobody_from_a_servicer(joined, saying):
    async with joined() as (adapter, simulator):
        simulator.serve(CUSTOMER, SERVED)
        with pytest.raises(Refused, match="a servicer has this customer"):
            await adapter.send(by(saying("hello"), bot=True))
        assert simulator.platform.states.moved == simulator.screen == []


async def test_nobody_is_moved_where_the_settings_forbid_it(joined, saying):
    async with joined({"take_back": False}) as (adapter, simulator):
        simulator.serve(CUSTOMER, WAITING)
        with pytest.raises(Refused, match="own queue"):
            await adapter.send(saying("hello"))
        assert simulator.platform.states.moved == []


async def test_what_one_message_cannot_hold_takes_nobody_back(joined, saying):
    async with joined() as (adapter, simulator):
        simulator.serve(CUSTOMER, WAITING)
        with pytest.raises(Refused, match="own queue"):
            await adapter.send(saying("长" * 1400))
        assert simulator.platform.states.moved == []


async def test_a_move_whose_words_were_not_taken_serves_the_next_try(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        simulator.serve(CUSTOMER, WAITING)
        simulator.faults.extend([refusal(95018), refusal(-1)])
        with pytest.raises(Unavailable):
            await adapter.send(saying("我们来处理"))
        await adapter.send(saying("我们来处理"))
        assert [seen.text for seen in simulator.screen] == ["我们来处理"]


async def test_a_move_without_a_code_says_that_the_session_is_over(joined, saying):
    async with joined(limited=True) as (adapter, simulator):
        simulator.serve(CUSTOMER, WAITING)
        simulator.platform.states.gives_codes = False
        with pytest.raises(WindowClosed, match="ended"):
            await adapter.send(saying("我们来处理"))


def test_every_state_is_one_that_lets_through_or_one_that_can_be_ended_or_the_end():
    for state in MOVES:
        ends = may_end(state, person=True)
        assert may_send(state) + ends + (state == ENDED) == 1
        assert not ends or ENDED in MOVES[state]
    assert {NEW, WITH_US} == {state for state in MOVES if may_send(state)}
