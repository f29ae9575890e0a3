"""The example on the page that shows how to connect an app is run as it stands there."""

import asyncio
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from channels.base import Request
from channels.message import Address, OutgoingMessage, Text
from channels.testing import RememberedMemory
from channels.webhook.adapter import Adapter
from channels.webhook.config import Config

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "webhook.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def example() -> dict:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {"__name__": "example"}
    exec(code, names)
    return names


@pytest.fixture
def serving():
    servers = []

    def serve(handler) -> str:
        server = HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def right_now() -> datetime:
    return datetime.now(UTC)


def adapter(url: str) -> Adapter:
    config = Config(channel="webhook", secret=SECRET, url=url)
    return Adapter("shop_app", config, RememberedMemory(right_now), right_now)


async def test_what_the_example_posts_is_a_customers_message(example, serving):
    posted = []

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            posted.append(Request("POST", {}, headers, body))
            self.send_response(200)
            self.end_headers()

    example["INBOX"] = serving(Inbox)
    await asyncio.to_thread(example["tell"], "m-1", "u-1", "发货了吗")
    async with adapter("http://127.0.0.1:1/") as ready:
        (message,) = (await ready.receive(posted[0])).messages
    assert (message.text, message.address.contact, message.dedupe_key) == ("发货了吗", "u-1", "m-1")


async def test_the_example_takes_a_reply_once(example, serving, capsys):
    address = Address(inbox="shop_app", thread="u-1", contact="u-1")
    reply = OutgoingMessage(address=address, delivery_id="d-1", parts=(Text(text="已发货"),))
    async with adapter(serving(example["Replies"])) as ready:
        await ready.send(reply)
        await ready.send(reply)
    assert capsys.readouterr().out == "u-1 已发货\n"
    assert example["seen"] == {"d-1"}
