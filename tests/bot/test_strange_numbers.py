"""Numbers that no file has: what came with them is stored, read again and answered."""

import json

import pytest

from channels.base import Reception
from channels.webhook import parse
from storage.models import LaneKind


@pytest.mark.parametrize("size", [2**63, 10**400], ids=["one too many", "without end"])
async def test_a_file_of_a_senseless_size_is_heard_and_so_is_what_follows(build, size):
    house = build()
    picture = {"kind": "image", "url": "https://shop.example/1.jpg", "size": size}
    body = {"id": "m-1", "contact": {"id": "lily"}, "text": "broken", "parts": [picture]}
    said = parse.message(parse.read(json.dumps(body).encode()), "shop", house.time())
    await house.intake.bring("shop", Reception((said,)), None)
    await house.think()
    await house.hears("hello")
    await house.think()
    texts = [text for _, text in await house.spoken()]
    assert texts == ["broken", "re: broken", "hello", "re: hello"]
    lane = await house.lane(LaneKind.IN)
    assert (lane.done, lane.attempts) == (2, 0)
