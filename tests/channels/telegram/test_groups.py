"""Groups: each person has a talk there, which goes on when the group becomes a supergroup."""

from __future__ import annotations

import pytest

from channels.errors import Refused, Unavailable
from channels.message import OutgoingMessage, Text
from channels.telegram.adapter import Adapter
from channels.telegram.config import Config
from channels.telegram.moves import Moves
from channels.telegram.simulated_answers import refusal
from channels.testing import RememberedMemory, as_request


@pytest.fixture
def memory():
    return RememberedMemory()


@pytest.fixture
async def opened(simulator, base_url, clock, memory):
    """Open adapters of one bot, as many processes do that share its memory."""
    config = Config(channel="telegram", base_url=base_url, **simulator.settings)
    adapters = [Adapter("main", config, memory, clock) for _ in range(2)]
    async with adapters[0] as one, adapters[1] as other:
        yield one, other


async def hear(adapter, push):
    return (await adapter.receive(as_request(push))).messages


async def ask(adapter, simulator, text="@main_bot hi", group="friends"):
    (message,) = await hear(adapter, simulator.say_in(group, "42", text))
    return message


def reply(address, text="hello", **more):
    return OutgoingMessage(address=address, delivery_id="d", parts=(Text(text=text),), **more)


async def test_who_replies_to_us_speaks_to_us_without_our_name(opened, simulator):
    adapter, _ = opened
    message = await ask(adapter, simulator)
    await adapter.send(reply(message.address))
    (seen,) = simulator.seen_by("friends")
    (again,) = await hear(adapter, simulator.say_in("friends", "42", "thanks", seen))
    assert again.address == message.address
    assert await hear(adapter, simulator.say_in("friends", "43", "hi all")) == ()


async def test_a_talk_goes_on_in_the_supergroup_for_every_process(opened, simulator):
    one, _ = opened
    before = (await ask(one, simulator)).address
    for push in simulator.upgrade("friends", "42"):
        assert await hear(one, push) == ()
    for adapter in opened:
        assert (await ask(adapter, simulator)).address == before
        await adapter.send(reply(before))
        await adapter.typing(before)
    assert len(simulator.seen_by("friends")) == 2
    assert simulator.typed == ["friends", "friends"]
    assert not simulator.faults


@pytest.mark.parametrize("told", [0, 1])
async def test_either_of_the_two_notes_is_enough(opened, simulator, told):
    one, other = opened
    before = (await ask(one, simulator)).address
    await hear(one, simulator.upgrade("friends", "42")[told])
    assert (await ask(other, simulator)).address == before


async def test_who_was_not_told_learns_it_from_the_refusal_and_sends_once(opened, simulator):
    one, other = opened
    before = (await ask(one, simulator)).address
    simulator.upgrade("friends", "42")
    await one.send(reply(before))
    assert [seen.text for seen in simulator.seen_by("friends")] == ["hello"]
    assert (await ask(other, simulator)).address == before


async def test_a_supergroup_from_the_start_keeps_its_own_id(opened, simulator):
    adapter, _ = opened
    await ask(adapter, simulator)
    simulator.upgrade("friends", "42")
    assert (await ask(adapter, simulator)).address.thread.startswith("-100")
    assert (await ask(adapter, simulator, group="others")).address.thread.startswith("-1002:")


async def test_a_message_is_quoted_until_the_group_counts_anew(opened, simulator):
    adapter, _ = opened
    message = await ask(adapter, simulator)
    await adapter.send(reply(message.address, reply_to=message.platform_id))
    for push in simulator.upgrade("friends", "42"):
        await hear(adapter, push)
    await adapter.send(reply(message.address, reply_to=message.platform_id))
    assert simulator.quoted == [message.platform_id, None]


async def test_a_move_that_cannot_be_is_a_refusal(opened, simulator):
    adapter, _ = opened
    message = await ask(adapter, simulator)
    simulator.faults.append(refusal(400, "Bad Request: upgraded", migrate_to_chat_id=42))
    with pytest.raises(Refused):
        await adapter.send(reply(message.address))
    assert simulator.screen == []


@pytest.mark.parametrize(
    ("before", "now"),
    [(-5, -6), (5, -1_000_000_000_001), (-1_000_000_000_002, -1_000_000_000_001), (-5, 5)],
)
async def test_only_a_group_becomes_a_supergroup(memory, before, now):
    assert not await Moves(memory).learn(before, now)
    assert memory.kept == {}


async def test_an_upgrade_that_cannot_be_remembered_comes_again(opened, simulator, memory):
    adapter, _ = opened

    async def fails(*_):
        raise Unavailable("no database")

    memory.set = fails
    with pytest.raises(Unavailable):
        await hear(adapter, simulator.upgrade("friends", "42")[0])
