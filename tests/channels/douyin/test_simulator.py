import pytest

from channels.douyin.simulator import Simulator
from channels.errors import Refused

USER = "0da22181-d833-447f-995f-1beefea5bef3"


async def test_it_refuses_what_answers_another_persons_message(joined, hear, answering):
    async with joined() as (adapter, simulator):
        assert isinstance(simulator, Simulator)
        (message,) = (await hear(adapter, simulator.say(USER, "hi"))).messages
        (other,) = (await hear(adapter, simulator.say("another-person", "hi"))).messages
        strange = answering(message).model_copy(update={"reply_to": other.platform_id})
        with pytest.raises(Refused, match="28003082"):
            await adapter.send(strange)
        assert not simulator.screen


async def test_content_comes_as_an_object_and_as_text_in_turn(clock):
    simulator = Simulator("shop", clock)
    bodies = [simulator.say(USER, "hi").body for _ in range(4)]
    assert {b'"content": "{' in body for body in bodies} == {True, False}
