"""Files of answers on their way out: in the chat, under their own address, swept when unused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.media import Fetcher, StoredFiles
from channels.errors import Gone
from channels.files import OURS
from storage import attachments, knowledge
from storage.knowledge import Content
from storage.media import new_media_id
from storage.rules import Rules
from tests.bot.conftest import moment
from tests.bot.test_chat_files import visits

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(5_000)
SITE = {"site": {"channel": "webchat"}}
ASKED = "怎么贴标签？"


async def attached(service):
    """Bring a file as an editor does."""
    media_id = new_media_id()
    writing = service.folder.begin()
    writing.write(PNG)
    kept = writing.look("标签.png")
    writing.keep(media_id)
    return await service.db.write(attachments.add, media_id, kept, None, moment())


async def published(service, *files):
    content = Content(ASKED, (), {"zh": "贴在箱子上。"}, rules=Rules(files=files))
    await service.db.write(knowledge.save_draft, "label", content, None, moment())
    await service.db.write(knowledge.publish, None, "", moment())
    await service.knowledge.refresh()


async def test_a_visitor_gets_the_file_with_the_answer(run):
    served = await run(SITE)
    await published(served.service, await attached(served.service))
    lily, other = await visits(served.client), await visits(served.client)
    await lily.says(ASKED)
    words, picture, _helped = (await lily.sees(2))[1]["parts"]
    assert words["text"] == "贴在箱子上。"
    assert (picture["name"], picture["shows"]) == ("标签.png", "picture")
    assert (await lily.gets(picture["file"])).content == PNG
    assert (await other.gets(picture["file"])).status_code == 404


async def test_a_channel_without_files_gets_an_address_that_holds_while_the_answer_is_live(run):
    served = await run({"shop": {}}, public_url="https://shop.example/")
    file = await attached(served.service)
    assert (await served.client.get(f"/attachments/{file.id}")).status_code == 404
    await published(served.service, file)
    assert served.service.config.files_at == "https://shop.example/attachments/"
    answer = await served.client.get(f"/attachments/{file.id}")
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    await published(served.service)
    assert (await served.client.get(f"/attachments/{file.id}")).status_code == 404


async def test_adapters_open_it_and_only_what_nobody_uses_is_swept(run):
    served = await run({"shop": {}})
    service = served.service
    used, unused = await attached(service), await attached(service)
    await published(service, used)
    files = StoredFiles(service.db, service.folder)
    async with files.open(OURS + used.id) as file:
        assert (file.name, file.type, file.stream.read()) == ("标签.png", "image/png", PNG)

    def later():
        return moment() + timedelta(days=400)

    keep = timedelta(days=30)
    fetcher = Fetcher(service.db, service.inboxes, service.folder, later, patience=1, keep=keep)
    await fetcher.tidy()
    async with files.open(OURS + used.id) as file:
        assert file.stream.read() == PNG
    with pytest.raises(Gone):
        async with files.open(OURS + unused.id):
            pass
    assert not service.folder.path(unused.id).exists()
