"""Slack's side and ours, joined."""

import pytest

from channels.message import OutgoingMessage
from channels.slack.adapter import Adapter
from channels.slack.config import Config
from channels.slack.simulator import Simulator
from channels.testing import HeldFiles, RememberedMemory, as_request, serve
from tests.channels.slack.calls import NOW, SHEETS


@pytest.fixture
def simulator():
    return Simulator("main", lambda: NOW)


@pytest.fixture
async def url(simulator):
    async with serve(simulator.app) as served:
        yield served


@pytest.fixture
def files():
    return HeldFiles()


def build(simulator, url, files=None, **settings):
    config = Config(channel="slack", base_url=url, **{**simulator.settings, **settings})
    adapter = Adapter("main", config, RememberedMemory(lambda: NOW), lambda: NOW)
    adapter.offer(SHEETS)
    adapter.lend(files or HeldFiles())
    return adapter


@pytest.fixture
async def adapter(simulator, url, files):
    async with build(simulator, url, files) as ready:
        yield ready


async def hear(adapter, push):
    (message,) = (await adapter.receive(as_request(push))).messages
    return message


async def answer_to(adapter, push, *parts):
    address = (await hear(adapter, push)).address
    return OutgoingMessage(address=address, delivery_id="d-1", parts=parts)
