"""Files come with the bot's token from Slack alone, and go out before anybody sees them."""

import pytest

from channels.errors import (
    ChannelError,
    Gone,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.message import Media, Text
from channels.simulation import Fault
from channels.slack.media import LARGEST, is_slacks
from channels.slack.simulated_rules import refusal
from channels.testing import HANG_UP
from tests.channels.slack.conftest import answer_to, build, hear

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 600
COMPLETE = "/api/files.completeUploadExternal"


async def read(adapter, ref):
    async with adapter.fetch(ref) as download:
        return b"".join([chunk async for chunk in download.chunks])


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.png", True),
        ("https://slack.com/x", True),
        ("https://shop.enterprise.slack.com/files/x", True),
        ("https://files.slack-gov.com/x", True),
        ("https://files.slack.com:443/x", True),
        ("http://files.slack.com/x", False),
        ("https://files.slack.com:8443/x", False),
        ("https://files.slack.com.evil.example/x", False),
        ("https://evilslack.com/x", False),
        ("https://files.slack.com@evil.example/x", False),
        ("https://u:p@files.slack.com/x", False),
        ("https://127.0.0.1/x", False),
        ("http://proxy.example:81/files/x", True),
        ("http://proxy.example/files/x", False),
        ("ftp://files.slack.com/x", False),
        ("https://", False),
        ("nonsense", False),
        ("https://[", False),
    ],
)
def test_where_the_token_may_go(url, good):
    assert is_slacks(url, "http://proxy.example:81/api") is good


@pytest.mark.parametrize("elsewhere", ["https://evil.example/a.png", "http://127.0.0.1:9/a.png"])
async def test_a_file_that_lies_elsewhere_is_not_asked_for(adapter, elsewhere):
    with pytest.raises(Refused, match="does not lie with Slack"):
        await read(adapter, elsewhere)


async def test_a_file_of_which_only_the_id_is_known_is_asked_for(adapter, simulator):
    push = simulator.attach("lilei", "image", PNG)
    (part,) = (await hear(adapter, push)).parts
    number = next(iter(simulator.cabinet._held))
    assert number in part.ref
    assert await read(adapter, number) == PNG
    assert "/api/files.info" in simulator.calls
    simulator.forget_files()
    with pytest.raises(Gone):
        await read(adapter, number)


async def test_a_page_for_signing_in_is_no_file(adapter, simulator):
    (part,) = (await hear(adapter, simulator.attach("lilei", "image", PNG))).parts
    simulator.faults.append(Fault(200, b"<html>", {"content-type": "text/html; charset=utf-8"}))
    with pytest.raises(Unauthorized, match="files:read"):
        await read(adapter, part.ref)
    html = {"content-type": "text/html", "content-disposition": 'attachment; filename="a.html"'}
    simulator.faults.append(Fault(200, b"<html>", html))
    assert await read(adapter, part.ref) == b"<html>"


async def test_a_redirect_is_not_followed(adapter, simulator, url):
    (part,) = (await hear(adapter, simulator.attach("lilei", "image", PNG))).parts
    before = len(simulator.calls)
    simulator.faults.append(Fault(302, headers={"location": f"{url}/files-pri/elsewhere"}))
    with pytest.raises(Unavailable):
        await read(adapter, part.ref)
    assert len(simulator.calls) == before + 1


def picture(files, content=PNG, name="图 <1>.png"):
    return Media(kind="image", ref=files.keep(name, "image/png", content), name=name)


async def test_files_and_words_come_in_their_order(adapter, simulator, files):
    parts = (Text(text="一"), picture(files), Text(text="二"), picture(files, name="b.png"))
    await adapter.send(await answer_to(adapter, simulator.say("lilei", "hi"), *parts))
    seen = [one.file.name if one.file else one.text for one in simulator.seen_by("lilei")]
    assert seen == ["一", "图 <1>.png", "二", "b.png"]


async def test_a_file_stays_in_the_thread(adapter, simulator, files):
    push = simulator.mention("lilei", "发票")
    await adapter.send(await answer_to(adapter, push, picture(files)))
    assert [one.file.content for one in simulator.seen_by("lilei")] == [PNG]


async def test_a_file_for_a_person_goes_to_their_direct_conversation(adapter, simulator, files):
    push = simulator.command("lilei", "/yingda", "发票", channel="C0PUBLIC")
    await adapter.send(await answer_to(adapter, push, Text(text="好"), picture(files)))
    assert "/api/conversations.open" in simulator.calls
    assert [bool(one.file) for one in simulator.seen_by("lilei")] == [False, True]


@pytest.mark.parametrize(
    "path", ["/api/files.getUploadURLExternal", "/upload/v1", COMPLETE, "/api/chat.postMessage"]
)
@pytest.mark.parametrize("late", [False, True])
async def test_nothing_is_said_until_every_file_is_with_slack(
    adapter, simulator, files, path, late
):
    outgoing = await answer_to(
        adapter, simulator.say("lilei", "hi"), picture(files), Text(text="请看")
    )
    fail_at(simulator, path, Fault(HANG_UP, after_work=late))
    with pytest.raises(ChannelError) as failed:
        await adapter.send(outgoing)
    shared = path == COMPLETE or "post" in path
    assert isinstance(failed.value, Uncertain if shared else Unavailable)
    if not shared:
        assert simulator.screen == []
        await adapter.send(outgoing)
        assert [bool(one.file) for one in simulator.screen] == [True, False]


def fail_at(simulator, path, fault):
    """Let one call fail: the next to `path`."""
    real = simulator.fault

    async def look(request):
        if not request.url.path.startswith(path):
            return await real(request)
        simulator.fault = real
        simulator.faults.append(fault)
        return await real(request)

    simulator.fault = look


async def test_what_an_app_may_not_send_is_no_reason_to_stop_it(adapter, simulator, files):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), picture(files))
    simulator.faults.append(refusal("missing_scope"))
    with pytest.raises(Refused, match="missing_scope"):
        await adapter.send(outgoing)


async def test_a_place_for_an_upload_that_is_not_slacks_is_not_used(adapter, simulator, files):
    outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), picture(files))
    told = b'{"ok":true,"upload_url":"https://evil.example/","file_id":"F1"}'
    simulator.faults.append(Fault(200, told, {"content-type": "application/json"}))
    with pytest.raises(Unavailable, match="no place of its own"):
        await adapter.send(outgoing)


async def test_what_cannot_be_sent_is_known_before_anything_is(adapter, simulator, files):
    big = files.keep("x.png", "image/png", PNG + bytes(LARGEST))
    for ref, problem in (("media:none", Gone), (big, TooLong)):
        parts = (Text(text="请看"), Media(kind="image", ref=ref))
        outgoing = await answer_to(adapter, simulator.say("lilei", "hi"), *parts)
        with pytest.raises(problem):
            await adapter.send(outgoing)
    assert simulator.screen == []


async def test_an_inbox_that_is_closed_fetches_nothing(simulator, url):
    with pytest.raises(Unavailable):
        await read(build(simulator, url), "F1")
