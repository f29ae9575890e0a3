"""Files at the desk: seen by who may see the conversation, run by nobody, sent by who answers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlmodel import select

from channels.files import Takes
from channels.message import Media, Text
from channels.testing.samples import SAMPLES
from handlers.desk import conversations as desk
from storage import conversations, fetching, media
from storage.folder import Kept
from storage.media import Upload
from storage.models import Author, Delivery, MediaFile, MediaState
from tests.console import world
from tests.console.world import Console

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(50_000)
PAGE = b"<!doctype html><script>alert(1)</script>"
PARTIAL = {"hx-request": "true"}
TAKES = {"image": Takes(1_000_000, frozenset({"image/png"})), "file": Takes(2_000_000)}


@pytest.fixture
def able(monkeypatch):
    """Telegram carries pictures and files, and its customers' are fetched."""
    told = [
        replace(each, takes=TAKES, fetches=True) if each.inbox == "shop_telegram" else each
        for each in world.INBOXES
    ]
    monkeypatch.setattr(world, "INBOXES", tuple(told))


async def talk_of(console: Console, agent="li"):
    talk = await console.talk(inbox="shop_telegram")
    await console.db.write(desk.take, talk.id, console.agents[agent], console.time.now)
    return talk


async def heard(console, talk, kind="image", name=None):
    """Let a customer send a file that waits to be fetched."""

    def write(session):
        found = conversations.get(session, talk.id)
        part = Media(kind=kind, ref="platform-7", name=name)
        return conversations.append(session, found, Author.CONTACT, (part,), console.time.now)

    message = await console.db.write(write)
    return (await console.db.read(media.of_messages, [message.id]))[message.id, 0]


async def stored(console, talk, content, kind="file", name=None):
    """Let a customer send a file that was fetched."""
    file = await heard(console, talk, kind, name)
    writing = console.services.folder.begin()
    writing.write(content)
    kept: Kept = writing.look(name)
    writing.keep(file.id)
    await console.db.write(fetching.stored, file, kept, console.time.now)
    return file.id


async def attach(browser, talk, content, name="a.png"):
    return await browser.post(f"/inbox/{talk.id}/files", params={"name": name}, content=content)


async def test_a_picture_is_shown_small_and_has_its_place_before_it_is_there(desk_console, able):
    talk = await talk_of(desk_console)
    number = await stored(desk_console, talk, PNG, "image", "屏幕.png")
    li = await desk_console.enter("li")
    page = (await li.get(f"/inbox/{talk.id}")).text
    assert f'<img src="/media/{number}" alt="屏幕.png" width="320" height="240"' in page
    answer = await li.get(f"/media/{number}")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PAGE, "innocent.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "drawing.svg"),
        (SAMPLES["application/pdf"], "a.pdf"),
        (PNG[:16] + b"\xff\xff\xff\xff" * 2 + PNG[24:], "bomb.png"),
    ],
)
async def test_what_could_run_can_only_be_saved(desk_console, able, content, name):
    talk = await talk_of(desk_console)
    number = await stored(desk_console, talk, content, "image", name)
    li = await desk_console.enter("li")
    page = (await li.get(f"/inbox/{talk.id}")).text
    assert "<img" not in page.split('id="bubbles"')[1].split("composer")[0]
    assert f'href="/media/{number}?download=1"' in page
    answer = await li.get(f"/media/{number}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.content == content


async def test_a_voice_has_a_player_and_its_words(desk_console, able):
    talk = await talk_of(desk_console)
    number = await stored(desk_console, talk, SAMPLES["audio/ogg"], "voice")
    page = (await (await desk_console.enter("li")).get(f"/inbox/{talk.id}")).text
    assert re.search(rf'<audio[^>]* src="/media/{number}"', page)


async def test_a_piece_of_a_film_can_be_asked_for_and_nothing_comes_twice(desk_console, able):
    talk = await talk_of(desk_console)
    number = await stored(desk_console, talk, SAMPLES["video/mp4"], "video")
    li = await desk_console.enter("li")
    piece = await li.get(f"/media/{number}", headers={"range": "bytes=4-7"})
    assert (piece.status_code, piece.content) == (206, b"ftyp")
    whole = await li.get(f"/media/{number}")
    again = await li.get(f"/media/{number}", headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert whole.headers["cache-control"] == "private, no-cache"


async def test_who_may_not_see_the_conversation_finds_no_file(desk_console, able):
    talk = await talk_of(desk_console)
    number = await stored(desk_console, talk, PNG)
    assert (await desk_console.browser().get(f"/media/{number}")).status_code == 303
    editor = await desk_console.enter("editor")
    assert (await editor.get(f"/media/{number}")).status_code == 403
    li = await desk_console.enter("li")
    for unknown in ("x" * 32, "..%2f..%2fetc%2fpasswd", "short"):
        assert (await li.get(f"/media/{unknown}")).status_code in (404, 422)
    await desk_console.db.write(_erase, talk.id, desk_console.time.now)
    assert (await li.get(f"/media/{number}")).status_code == 404


def _erase(session, conversation_id, now):
    return fetching.forget(session, now, conversation_ids=[conversation_id])


async def test_a_file_says_that_it_is_being_fetched_and_then_that_it_could_not_be(
    desk_console, able
):
    talk = await talk_of(desk_console)
    file = await heard(desk_console, talk, name="订单.png")
    li = await desk_console.enter("li")
    page = (await li.get(f"/inbox/{talk.id}")).text
    assert "Being fetched" in page
    assert "data-changes" in page
    db, now = desk_console.db, desk_console.time.now
    (claimed,) = await db.write(fetching.claim, ["shop_telegram"], now, talk_lease(), 1)
    await db.write(fetching.lost, claimed, MediaState.FAILED, "<b>busy</b>", now)
    news = (
        await li.get(
            f"/inbox/{talk.id}/messages",
            params={"after": 99, "open": str(file.message_id)},
            headers=PARTIAL,
        )
    ).text
    assert "It could not be fetched." in news
    assert "busy" not in news
    answer = await li.post(f"/inbox/{talk.id}/files/{file.id}/again", headers=PARTIAL)
    assert "Being fetched" in answer.text
    assert (await li.post(f"/inbox/{talk.id}/files/{file.id}/again")).status_code == 404


def talk_lease():
    return fetching.LOOSE_FOR


async def test_an_attached_file_goes_with_the_reply(desk_console, able):
    talk = await talk_of(desk_console)
    li = await desk_console.enter("li")
    told = (await attach(li, talk, PNG, "../a.png")).json()
    assert (told["kind"], told["name"], told["size"]) == ("image", "a.png", len(PNG))
    assert (await li.get(f"/media/{told['id']}")).content == PNG
    for _ in range(2):
        answer = await li.post(
            f"/inbox/{talk.id}/reply",
            data={"text": "看图", "file": [told["id"]], "echo_id": "e1"},
            headers=PARTIAL,
        )
        assert answer.status_code == 204
    (sent,) = await desk_console.db.read(lambda s: list(s.exec(select(Delivery))))
    image = Media(kind="image", ref=f"media:{told['id']}", name="a.png", size=len(PNG))
    assert sent.parts == (Text(text="看图"), image)
    file = await desk_console.db.read(media.get, told["id"])
    assert file.message_id == sent.message_id
    page = (await li.get(f"/inbox/{talk.id}")).text
    assert f'src="/media/{told["id"]}"' in page


async def test_a_file_needs_no_words_and_is_sent_once(desk_console, able):
    talk = await talk_of(desk_console)
    li = await desk_console.enter("li")
    number = (await attach(li, talk, PNG)).json()["id"]
    reply = {"file": [number], "echo_id": "e1"}
    assert (await li.post(f"/inbox/{talk.id}/reply", data=reply, headers=PARTIAL)).is_success
    again = await li.post(
        f"/inbox/{talk.id}/reply", data={**reply, "echo_id": "e2"}, headers=PARTIAL
    )
    assert again.status_code == 409
    assert "Attach it again" in again.text


async def test_only_who_attached_a_file_sends_it_and_only_there(desk_console, able):
    talk, other = await talk_of(desk_console), await desk_console.talk("李", "shop_telegram")
    li, zhao = await desk_console.enter("li"), await desk_console.enter("zhao")
    now = desk_console.time.now
    await desk_console.db.write(desk.take, other.id, desk_console.agents["li"], now)
    number = (await attach(li, talk, PNG)).json()["id"]
    assert (await zhao.get(f"/media/{number}")).status_code == 404
    reply = {"file": [number], "text": "x"}
    assert (await li.post(f"/inbox/{other.id}/reply", data=reply)).status_code == 409
    supervisor = await desk_console.enter("zhao")
    assert (await supervisor.post(f"/inbox/{talk.id}/reply", data=reply)).status_code == 409


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 415, "empty"),
        (bytes(2_000_001), 413, "larger"),
        (bytes(3_000_001), 413, "larger"),
    ],
)
async def test_what_the_channel_does_not_take_is_refused_with_a_reason(
    desk_console, able, content, status, words
):
    talk = await talk_of(desk_console)
    answer = await attach(await desk_console.enter("li"), talk, content)
    assert answer.status_code == status
    assert words in answer.json()["problem"]
    folder = desk_console.services.folder
    assert [path for path in folder.root.rglob("*") if path.is_file()] == []
    assert await desk_console.db.read(lambda s: list(s.exec(select(MediaFile)))) == []


async def test_who_does_not_answer_attaches_nothing(desk_console, able):
    talk = await talk_of(desk_console)
    zhao = await desk_console.enter("zhao")
    assert (await attach(zhao, talk, PNG)).status_code == 409
    li = await desk_console.enter("li")
    del li.headers["x-csrf-token"]
    assert (await attach(li, talk, PNG)).status_code == 403
    wechat = await desk_console.talk("林", "shop_wechat")
    await desk_console.db.write(
        desk.take, wechat.id, desk_console.agents["zhao"], desk_console.time.now
    )
    assert (await attach(zhao, wechat, PNG)).status_code == 415


async def test_the_composer_offers_files_only_where_they_can_be_sent(desk_console, able):
    li = await desk_console.enter("li")
    with_files = await talk_of(desk_console)
    assert 'id="attach"' in (await li.get(f"/inbox/{with_files.id}")).text
    without = await desk_console.talk("林")
    now = desk_console.time.now
    await desk_console.db.write(desk.take, without.id, desk_console.agents["li"], now)
    assert 'id="attach"' not in (await li.get(f"/inbox/{without.id}")).text


async def test_a_visitors_unsent_file_is_nobodys_business(desk_console):
    folder = desk_console.services.folder
    writing = folder.begin()
    writing.write(PNG)
    kept = writing.look("a.png")
    writing.keep("v" * 32)
    upload = Upload("v" * 32, "website", "visitor", "image")
    await desk_console.db.write(media.attach, upload, kept, desk_console.time.now)
    assert (await (await desk_console.enter("li")).get(f"/media/{'v' * 32}")).status_code == 404
