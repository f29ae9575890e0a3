"""Files of Telegram's: fetched by id, never from elsewhere, and checked before anything is sent."""

from __future__ import annotations

import pytest

from channels.errors import Gone, Refused, TooLong
from channels.message import Media, OutgoingMessage, Text
from channels.telegram.media import TAKES
from channels.telegram.simulated_files import LARGEST_FOR_BOTS
from channels.testing import HeldFiles, as_request
from channels.testing.samples import SAMPLES


@pytest.fixture
def files():
    return HeldFiles()


@pytest.fixture
async def bot(adapter, files):
    adapter.lend(files)
    return adapter


async def heard(adapter, push):
    (message,) = (await adapter.receive(as_request(push))).messages
    return message


async def send(adapter, simulator, *parts):
    address = (await heard(adapter, simulator.say("42", "hi"))).address
    return await adapter.send(OutgoingMessage(address=address, delivery_id="d", parts=parts))


async def test_a_file_larger_than_bots_may_have_will_never_be_given(bot, simulator):
    large = simulator.attach("42", "file", bytes(LARGEST_FOR_BOTS + 1))
    (part,) = (await heard(bot, large)).parts
    with pytest.raises(TooLong):
        async with bot.fetch(part.ref):
            pass


async def test_nothing_is_said_when_the_file_beside_it_cannot_be_sent(bot, simulator, files):
    gone = Media(kind="file", ref="media:none")
    odd = Media(kind="voice", ref=files.keep("a.png", "image/png", SAMPLES["image/png"]))
    for media, meant in ((gone, Gone), (odd, Refused)):
        with pytest.raises(meant):
            await send(bot, simulator, Text(text="please see"), media)
    assert simulator.screen == []


async def test_without_lent_files_there_is_none(adapter, simulator):
    with pytest.raises(Gone):
        await send(adapter, simulator, Media(kind="file", ref="media:1"))


async def test_a_platforms_own_reference_is_named_and_not_sent(bot, simulator):
    await send(bot, simulator, Media(kind="file", ref="AgAC1", name="a.pdf"))
    (seen,) = simulator.screen
    assert seen.file is None
    assert "a.pdf" in seen.text


async def test_the_names_of_files_arrive(bot, simulator, files):
    ref = files.keep('发票 "11".pdf', "application/pdf", SAMPLES["application/pdf"])
    await send(bot, simulator, Media(kind="file", ref=ref))
    assert simulator.screen[0].file.name.replace("%22", '"') == '发票 "11".pdf'


def test_a_gif_goes_as_a_file():
    assert not TAKES["image"].has_room_for("image/gif", 1000)
    assert TAKES["file"].has_room_for("image/gif", 1000)
