"""Files of the web chat: a visitor's own, and what was said to them; of nobody else."""

from __future__ import annotations

import asyncio

from channels.message import Media
from channels.testing.samples import SAMPLES
from storage import conversations, media
from storage.media import Upload
from storage.models import Author

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0" + bytes(2_000_000)
SITE = {"site": {"channel": "webchat", "attachments": True}}
CHAT = "/inboxes/site"


class Visitor:
    """A browser with a token."""

    def __init__(self, client, token):
        self.client = client
        self.headers = {"authorization": f"Bearer {token}"}

    async def attaches(self, content, name="屏幕.png", chat=CHAT):
        return await self.client.post(
            f"{chat}/files", params={"name": name}, content=content, headers=self.headers
        )

    async def says(self, text="", *files, echo_id="e1"):
        body = {"text": text, "echo_id": echo_id, "files": list(files)}
        return await self.client.post(f"{CHAT}/messages", json=body, headers=self.headers)

    async def sees(self, count):
        async with asyncio.timeout(60):
            while True:
                answer = await self.client.get(f"{CHAT}/messages", headers=self.headers)
                if len(shown := answer.json()["messages"]) >= count:
                    return shown
                await asyncio.sleep(0.02)

    async def gets(self, number):
        return await self.client.get(f"{CHAT}/files/{number}", headers=self.headers)


async def visits(client, chat=CHAT):
    answer = await client.post(f"{chat}/visitors")
    return Visitor(client, answer.json()["token"])


async def test_a_visitors_file_is_taken_sent_and_shown(run):
    served = await run(SITE)
    lily, other = await visits(served.client), await visits(served.client)
    taken = (await lily.attaches(PNG)).json()
    assert (taken["kind"], taken["name"], taken["size"]) == ("image", "屏幕.png", len(PNG))
    assert (await lily.says("看图", taken["file"])).status_code == 200
    message = (await lily.sees(1))[0]
    words, picture = message["parts"]
    assert words == {"kind": "text", "text": "看图"}
    assert (picture["shows"], picture["width"], picture["height"]) == ("picture", 320, 240)
    assert "ref" not in picture
    answer = await lily.gets(picture["file"])
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert (await other.gets(picture["file"])).status_code == 404
    assert (await served.client.get(f"{CHAT}/files/{picture['file']}")).status_code == 401


async def test_a_file_alone_is_a_message(run):
    served = await run(SITE)
    lily = await visits(served.client)
    taken = (await lily.attaches(b"<script>", "x.html")).json()
    assert taken["kind"] == "file"
    assert (await lily.says("", taken["file"])).status_code == 200
    (part,) = (await lily.sees(1))[0]["parts"]
    answer = await lily.gets(part["file"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_nobody_sends_a_file_that_was_not_taken_from_them(run):
    served = await run(SITE)
    lily, other = await visits(served.client), await visits(served.client)
    proof = (await lily.attaches(PNG)).json()["file"]
    told, _, signature = proof.partition(".")
    for wrong in (proof[:-1], told, f"{told}x.{signature}", f".{signature}", "", "é.é"):
        assert (await lily.says("x", wrong)).status_code == 422
    assert (await other.says("x", proof)).status_code == 422
    assert (await lily.says("x", *[proof] * 6)).status_code == 422


async def test_what_an_agent_sends_can_be_fetched_and_a_note_cannot(run):
    served = await run(SITE)
    lily = await visits(served.client)
    await lily.says("hello")
    await lily.sees(2)
    shown = await _agents_file(served, lily, private=False)
    assert (await lily.gets(shown)).content == SAMPLES["application/pdf"]
    parts = [part for message in await lily.sees(3) for part in message["parts"]]
    assert [part["file"] for part in parts if part["kind"] == "file"] == [shown]
    hidden = await _agents_file(served, lily, private=True)
    assert (await lily.gets(hidden)).status_code == 404


async def _agents_file(served, lily, *, private):
    service, media_id = served.service, media.new_media_id()
    writing = service.folder.begin()
    writing.write(SAMPLES["application/pdf"])
    kept = writing.look("发票.pdf")
    writing.keep(media_id)
    thread = service.inboxes.by_name["site"].adapter.visitor(lily.headers["authorization"][7:])

    def write(session):
        talk = conversations.find_open(session, "site", thread)
        media.attach(
            session, Upload(media_id, "site", thread, "file", talk.id), kept, service.clock()
        )
        part = Media(kind="file", ref=f"media:{media_id}", name="发票.pdf")
        conversations.append(session, talk, Author.AGENT, (part,), service.clock(), private=private)

    await service.db.write(write)
    return media_id


async def test_what_is_too_large_empty_or_too_much_is_refused(run):
    served = await run(SITE, media={"max_bytes": 3_000_000})
    lily = await visits(served.client)
    assert (await lily.attaches(bytes(3_000_001))).status_code == 413
    assert (await lily.attaches(bytes(3_200_000))).status_code == 413
    assert (await lily.attaches(b"")).status_code == 422
    for _ in range(10):
        assert (await lily.attaches(b"x")).status_code == 200
    assert (await lily.attaches(b"x")).status_code == 429
    lying = [path for path in served.service.folder.root.rglob("*") if path.is_file()]
    assert len(lying) == 10


async def test_a_chat_without_attachments_takes_none(run):
    served = await run({"site": {"channel": "webchat"}})
    lily = await visits(served.client)
    assert (await lily.attaches(PNG)).status_code == 403
    assert (await served.client.post("/inboxes/none/files", content=b"x")).status_code == 404
    assert (await served.client.post(f"{CHAT}/files", content=b"x")).status_code == 401
