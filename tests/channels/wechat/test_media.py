"""Files of WeChat's: errors come as 200, videos lie elsewhere, uploads are used again."""

from __future__ import annotations

import pytest

from channels.errors import Gone, Refused, Unavailable
from channels.files import kind_for
from channels.message import Media
from channels.simulation import Fault
from channels.tencent.media import LARGEST_REFUSAL
from channels.testing import HeldFiles, as_request
from channels.testing.samples import SAMPLES
from channels.wechat.adapter import TAKES
from channels.wechat.simulator import refusal

OPENID = "oTESTopenid0000000000000001"
PHOTO = SAMPLES["image/jpeg"]
TEXT = {"content-type": "text/plain"}


async def sent_to_us(adapter, simulator, kind="image", content=PHOTO):
    push = simulator.attach(OPENID, kind, content)
    (message,) = (await adapter.receive(as_request(push))).messages
    return message.parts[0].ref


async def read(adapter, ref):
    async with adapter.fetch(ref) as found:
        return b"".join([chunk async for chunk in found.chunks])


async def test_a_token_that_expired_is_renewed_though_the_refusal_comes_as_200(joined, saying):
    async with joined() as (adapter, simulator):
        ref = await sent_to_us(adapter, simulator)
        assert await read(adapter, ref) == PHOTO
        simulator.platform.expire_token()
        assert await read(adapter, ref) == PHOTO
        assert simulator.platform.fetched == 2


async def test_a_video_is_fetched_from_where_it_lies(joined):
    async with joined() as (adapter, simulator):
        ref = await sent_to_us(adapter, simulator, "video", SAMPLES["video/mp4"])
        assert await read(adapter, ref) == SAMPLES["video/mp4"]
        assert "/cgi-bin/media/get" in simulator.calls


@pytest.mark.parametrize(
    ("fault", "meant"),
    [
        (refusal(40007), Gone),
        (refusal(48001), Refused),
        (refusal(-1), Unavailable),
        (Fault(200, b"sorry", TEXT), Unavailable),
        (Fault(200, b"[]", TEXT), Unavailable),
        (Fault(200, b"[" * 60_000, TEXT), Unavailable),
        (Fault(200, b"{}", TEXT), Unavailable),
        (Fault(200, b"x" * (LARGEST_REFUSAL + 1), TEXT), Unavailable),
        (Fault(200, b'{"video_url":"http://10.0.0.1/v"}', TEXT), Refused),
        (Fault(200, b'{"video_url":"file:///etc/passwd"}', TEXT), Refused),
    ],
)
async def test_what_is_no_file_is_never_taken_for_one(joined, fault, meant):
    async with joined() as (adapter, simulator):
        ref = await sent_to_us(adapter, simulator)
        await read(adapter, ref)
        simulator.faults.append(fault)
        with pytest.raises(meant) as failed:
            await read(adapter, ref)
        assert type(failed.value) is meant


async def test_a_file_is_uploaded_once_however_often_its_message_is_tried(joined, saying):
    async with joined() as (adapter, simulator):
        files = HeldFiles()
        adapter.lend(files)
        ref = files.keep("a.jpg", "image/jpeg", PHOTO)
        message = saying("look", Media(kind="image", ref=ref))
        await adapter.send(message)
        await adapter.send(message)
        assert simulator.calls.count("/cgi-bin/media/upload") == 1
        assert [seen.file.content for seen in simulator.screen if seen.file] == [PHOTO, PHOTO]


async def test_a_file_never_rides_in_the_answer_to_a_push(joined, saying):
    async with joined(mode="both") as (adapter, _):
        with_file = saying("x").model_copy(update={"parts": (Media(kind="image", ref="media:1"),)})
        assert adapter.fit(with_file) == (None, with_file)


def test_what_wechat_cannot_carry_is_known_before_it_is_tried():
    assert kind_for(TAKES, "image/png", 1000) == "image"
    assert kind_for(TAKES, "image/png", 3_000_000) is None
    assert kind_for(TAKES, "application/pdf", 1000) is None
    assert kind_for(TAKES, "audio/ogg", 1000) is None
