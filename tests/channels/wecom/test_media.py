"""Files of WeCom's: fetched and uploaded like WeChat's, and sent once however often tried."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.errors import Gone, Refused, Unavailable
from channels.files import kind_for
from channels.message import Media
from channels.testing import HeldFiles
from channels.testing.samples import SAMPLES
from channels.wecom.adapter import TAKES
from channels.wecom.simulator import refusal

CUSTOMER = "wmTEST0001"
PDF = SAMPLES["application/pdf"]


async def test_a_file_that_is_uploaded_anew_is_still_shown_once(joined, saying, moving):
    async with joined() as (adapter, simulator):
        files = HeldFiles()
        adapter.lend(files)
        ref = files.keep("发票.pdf", "application/pdf", PDF)
        message = saying("这是发票", Media(kind="file", ref=ref))
        await adapter.send(message)
        moving.now += timedelta(days=2)
        await adapter.send(message)
        assert simulator.calls.count("/cgi-bin/media/upload") == 2
        assert [seen.text for seen in simulator.screen] == ["这是发票", ""]
        assert simulator.screen[1].file.content == PDF


async def test_who_has_just_come_in_is_greeted_with_words_only(joined, saying, swept):
    async with joined() as (adapter, simulator):
        files = HeldFiles()
        adapter.lend(files)
        await swept(adapter, simulator, simulator.enter(CUSTOMER))
        ref = files.keep("a.jpg", "image/jpeg", SAMPLES["image/jpeg"])
        await adapter.send(saying(Media(kind="image", ref=ref), "欢迎"))
        sent = [call.rsplit("/", 1)[-1] for call in simulator.calls if "/kf/send" in call]
        assert sent == ["send_msg", "send_msg_on_event"]


@pytest.mark.parametrize(("code", "meant"), [(40007, Gone), (-1, Unavailable), (40004, Refused)])
async def test_a_refusal_that_comes_as_200_is_no_file(joined, swept, code, meant):
    async with joined() as (adapter, simulator):
        push = simulator.attach(CUSTOMER, "image", SAMPLES["image/jpeg"])
        _, found = await swept(adapter, simulator, push)
        ref = found.messages[0].parts[0].ref
        simulator.faults.append(refusal(code))
        with pytest.raises(meant):
            async with adapter.fetch(ref):
                pytest.fail("there is a file")


def test_what_wecom_cannot_show_goes_as_a_plain_file():
    assert kind_for(TAKES, "image/gif", 1000) == "file"
    assert kind_for(TAKES, "audio/mpeg", 1000) == "file"
    assert kind_for(TAKES, "image/png", 1000) == "image"
    assert kind_for(TAKES, "application/zip", 30_000_000) is None
