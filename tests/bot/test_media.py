"""What customers send is fetched in the background, kept whole, and removed when it must go."""

from __future__ import annotations

import asyncio
import os
import time as real
from datetime import timedelta

import pytest
from sqlmodel import select

from bot import config as configuration
from bot.inboxes import Inboxes
from bot.media import LEFT_ALONE, TOO_LARGE, TRIES, Fetcher, StoredFiles
from bot.metrics import Metrics
from channels.errors import Gone
from channels.files import OURS
from channels.message import Address, Media
from channels.simulation import Fault
from channels.telegram.simulator import Simulator
from channels.testing import HANG_UP, as_request, serve
from channels.testing.samples import SAMPLES
from storage import contacts, conversations, fetching, media
from storage.folder import Folder
from storage.models import Author, MediaFile, MediaState

PHOTO = SAMPLES["image/jpeg"]
PATIENCE = 20.0


class World:
    """One Telegram inbox, its platform, and who fetches files."""

    def __init__(self, db, clock, folder, simulator, inboxes, keep=None):
        self.db, self.clock, self.folder = db, clock, folder
        self.simulator, self.inboxes = simulator, inboxes
        self.fetcher = Fetcher(db, inboxes, folder, clock, patience=PATIENCE, keep=keep)

    async def sent(self, kind="image", content=PHOTO, name=None):
        """Let a customer send a file, and return its row's id."""
        push = self.simulator.attach("42", kind, content, name)
        adapter = self.inboxes.by_name["shop"].adapter
        (message,) = (await adapter.receive(as_request(push))).messages
        told = await self.db.write(_store, message.parts, self.clock())
        return (await self.db.read(media.of_messages, [told]))[told, 0].id

    async def fetch(self):
        begun = await self.fetcher.look()
        await self.fetcher.finish()
        return begun

    async def file(self, media_id):
        return await self.db.read(lambda s: s.get(MediaFile, media_id))

    def bytes(self, media_id):
        with self.folder.open(media_id) as stream:
            return stream.read()


def _store(session, parts, now):
    address = Address(inbox="shop", thread="42", contact="42")
    contact, _ = contacts.find_or_make(session, "shop", "42", None, "zh", now)
    talk = conversations.find_open(session, "shop", "42")
    talk = talk or conversations.open_for(session, address, contact, "zh", now)
    return conversations.append(session, talk, Author.CONTACT, parts, now).id


@pytest.fixture
async def world(db, time, tmp_path):
    simulator = Simulator("shop", time)
    async with serve(simulator.app) as url:
        told = {"channel": "telegram", "base_url": url, **simulator.settings}
        inboxes = Inboxes(db, {"shop": configuration.inbox("shop", told)}, time, Metrics())
        inboxes.start(_never, _nothing)
        await inboxes.by_name["shop"].ready.wait()
        yield World(db, time, Folder(tmp_path / "media", 2_000_000), simulator, inboxes)
        await inboxes.stop()


async def _never(*_):
    raise AssertionError


async def _nothing(_):
    return None


async def test_a_customers_file_is_kept_as_it_was_sent(world):
    number = await world.sent("file", SAMPLES["application/pdf"], "../发票.pdf")
    assert await world.fetch() == 1
    file = await world.file(number)
    assert (file.state, file.type, file.name) == (MediaState.STORED, "application/pdf", "发票.pdf")
    assert (file.size, len(file.sha256)) == (len(SAMPLES["application/pdf"]), 64)
    assert world.bytes(number) == SAMPLES["application/pdf"]
    assert await world.fetch() == 0


async def test_what_a_file_is_called_decides_nothing(world):
    number = await world.sent("file", b"<script>alert(1)</script>", "photo.png")
    await world.fetch()
    assert (await world.file(number)).type == "application/octet-stream"


async def test_a_file_larger_than_we_keep_is_not_read_to_its_end(world):
    number = await world.sent("video", SAMPLES["video/mp4"] + bytes(2_000_000))
    await world.fetch()
    file = await world.file(number)
    assert (file.state, file.problem) == (MediaState.FAILED, TOO_LARGE)
    assert [path for path in world.folder.root.rglob("*") if path.is_file()] == []


async def test_a_platform_in_trouble_is_asked_again_later_and_later(world, time):
    number = await world.sent()
    world.simulator.faults.append(Fault(503))
    await world.fetch()
    file = await world.file(number)
    assert (file.state, file.attempts) == (MediaState.WAITING, 1)
    assert time() < file.next_at < time() + timedelta(seconds=10)
    assert await world.fetch() == 0
    time.pass_by(seconds=10)
    assert await world.fetch() == 1
    assert (await world.file(number)).state is MediaState.STORED


async def test_a_pause_that_the_platform_asks_for_is_kept(world, time):
    number = await world.sent()
    world.simulator.faults.append(Fault(429, headers={"retry-after": "600"}))
    await world.fetch()
    assert (await world.file(number)).next_at >= time() + timedelta(seconds=600)


async def test_a_platform_that_never_answers_is_given_up_and_can_be_asked_again(world, time):
    number = await world.sent()
    for _ in range(TRIES):
        world.simulator.faults.append(Fault(HANG_UP))
        assert await world.fetch() == 1
        time.pass_by(hours=5)
    file = await world.file(number)
    assert file.state is MediaState.FAILED
    assert file.problem.startswith("gave up")
    assert await world.db.write(fetching.try_again, file.conversation_id, number, time())
    await world.fetch()
    assert world.bytes(number) == PHOTO


async def test_a_file_that_is_gone_is_not_asked_for_again(world, time):
    number = await world.sent()
    world.simulator.forget_files()
    await world.fetch()
    assert (await world.file(number)).state is MediaState.GONE
    time.pass_by(days=1)
    assert await world.fetch() == 0


async def test_what_a_process_began_and_did_not_end_is_fetched_by_another(world, time):
    number = await world.sent()
    lease = timedelta(seconds=60)
    assert await world.db.write(fetching.claim, ["shop"], time(), lease, 10)
    assert await world.fetch() == 0
    time.pass_by(seconds=61)
    assert await world.fetch() == 1
    assert (await world.file(number)).attempts == 2


async def test_no_more_than_a_few_are_fetched_at_a_time(world):
    for _ in range(6):
        await world.sent()
    assert await world.fetcher.look() == 4
    assert await world.fetcher.look() == 0
    await world.fetcher.finish()
    assert await world.fetch() == 2


async def test_a_stored_file_can_be_opened_to_be_sent(world):
    number = await world.sent()
    files = StoredFiles(world.db, world.folder)
    with pytest.raises(Gone):
        async with files.open(OURS + number):
            pass
    await world.fetch()
    async with files.open(OURS + number) as file:
        assert (file.type, file.size, file.stream.read()) == ("image/jpeg", len(PHOTO), PHOTO)
    for ref in (number, OURS + "x" * 32, OURS + "../../etc/passwd"):
        with pytest.raises(Gone):
            async with files.open(ref):
                pass


async def test_files_that_are_too_old_go_with_their_bytes_and_their_row(world, time):
    number = await world.sent()
    await world.fetch()
    tidy = World(world.db, time, world.folder, world.simulator, world.inboxes, timedelta(days=30))
    await tidy.fetcher.tidy()
    assert world.bytes(number) == PHOTO
    time.pass_by(days=31)
    await tidy.fetcher.tidy()
    assert await tidy.fetch() == 1
    assert await world.file(number) is None
    assert world.folder.ids(real.time() + 60) == []


async def test_bytes_that_no_row_knows_are_removed_after_a_day(world):
    known = await world.sent()
    await world.fetch()
    writing = world.folder.begin()
    writing.write(b"stray")
    writing.keep("s" * 32)
    await world.fetcher.tidy()
    assert len(world.folder.ids(real.time() + 60)) == 2
    long_ago = real.time() - LEFT_ALONE - 60
    for media_id in ("s" * 32, known):
        os.utime(world.folder.path(media_id), (long_ago, long_ago))
    await world.fetcher.tidy()
    assert world.folder.ids(real.time() + 60) == [known]


async def test_the_loop_fetches_by_itself_and_ends_when_told(world):
    number = await world.sent()
    stored = world.db.read(media.get, number)
    running = asyncio.create_task(world.fetcher.run())
    async with asyncio.timeout(60):
        while (await stored).state is not MediaState.STORED:
            stored = world.db.read(media.get, number)
            await asyncio.sleep(0.02)
    world.fetcher.stop()
    await running


async def test_only_files_of_messages_are_noted(world):
    await world.db.write(_store, (Media(kind="image", ref="media:none"),), world.clock())
    assert await world.db.read(lambda s: list(s.exec(select(MediaFile)))) == []
