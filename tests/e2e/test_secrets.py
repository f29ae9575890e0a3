"""Platforms that fail and repeat to us all we sent them: no secret leaves through log or page."""

import asyncio
import base64
import json
import re

import httpx
import pytest
from sqlmodel import select
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from channels.message import Address, Text
from channels.testing.server import serve
from console.auth import hash_password
from storage import contacts, conversations, people, schema
from storage.database import Database
from storage.models import Author, Delivery, Role
from tests.e2e.conftest import PASSWORD, moment
from tests.e2e.process import FAQ, Process

CANARY = "CANARYcanaryCANARYcanary"
CONFIGURED = {
    "wechat": {
        "app_id": "wx1234567890abcdef",
        "app_secret": f"{CANARY}0wechat",
        "token": f"{CANARY}1token",
        "aes_key": base64.b64encode(f"{CANARY}2aes0000".encode()).decode().rstrip("="),
    },
    "weibo": {
        "uid": "1902538057",
        "app_key": "1234567890",
        "app_secret": f"{CANARY}3weibo",
        "access_token": f"{CANARY}4weibo",
    },
    "telegram": {"bot_token": f"123456789:AA{CANARY}5telegram", "secret_token": f"{CANARY}6hook"},
    "polling": {
        "channel": "telegram",
        "bot_token": f"987654321:AA{CANARY}7polling",
        "transport": "polling",
    },
    "slack": {"bot_token": f"xoxb-{CANARY}-8", "signing_secret": f"{CANARY}9slack"},
    "socket": {
        "channel": "slack",
        "transport": "socket",
        "bot_token": f"xoxb-{CANARY}-10",
        "app_token": f"xapp-{CANARY}-11",
    },
    "webchat": {"secret": f"{CANARY}12webchat0000000000000"},
}
SECRETS = sorted(
    {
        re.sub(r"^\d+:", "", value)
        for settings in CONFIGURED.values()
        for key, value in settings.items()
        if "secret" in key or "token" in key or key == "aes_key"
    }
)


def answer_somebody(session, inbox):
    """Put an answer on its way, which the platform will not take."""
    now = moment()
    contact, _ = contacts.find_or_make(session, inbox, "12345", "Lily", "zh", now)
    address = Address(inbox=inbox, thread="12345", contact="12345")
    conversation = conversations.open_for(session, address, contact, "zh", now)
    conversations.append(session, conversation, Author.BOT, (Text(text="hello"),), now)


def was_tried(session):
    """Say whether Weibo was tried; WeChat's inbox gets no token, so it is never ready to send."""
    return session.exec(select(Delivery).where(Delivery.inbox == "weibo")).one().attempts


async def parrot(request):
    """Fail, and repeat the whole call in every field a client might show."""
    body = (await request.body()).decode("utf-8", "replace")
    words = f"{request.url} {json.dumps(dict(request.headers))} {body}"
    told = {"ok": False, "description": words, "error": words, "errmsg": words, "message": words}
    status = int(request.url.path.split("/")[1])
    return JSONResponse({**told, "errcode": 40001, "error_code": status}, status)


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_no_secret_of_the_configuration_is_told_to_anybody(tmp_path, status):
    url = f"sqlite:///{tmp_path}/yingda.db"
    schema.upgrade(url)
    async with Database(url) as db:
        hashed = hash_password(PASSWORD, time_cost=1, memory_cost=8192)
        await db.write(people.create_agent, "admin", hashed, Role.ADMIN, moment())
        for name in ("wechat", "weibo"):
            await db.write(answer_somebody, name)
    everything = Route("/{path:path}", parrot, methods=["GET", "POST"])
    async with serve(Starlette(routes=[everything])) as base:
        inboxes = {name: {"channel": name, **settings} for name, settings in CONFIGURED.items()}
        for settings in inboxes.values():
            if settings["channel"] != "webchat":
                settings["base_url"] = f"{base}/{status}"
        config = {
            "database_url": url,
            "data_dir": str(tmp_path),
            "faq": FAQ,
            "metrics_token": f"{CANARY}13metrics",
            "log": {"level": "debug"},
            "inboxes": inboxes,
        }
        async with (
            Process(tmp_path, config) as process,
            httpx.AsyncClient(trust_env=False, timeout=60) as web,
        ):
            await process.start(web)
            root = f"http://127.0.0.1:{process.port}"
            async with asyncio.timeout(60), Database(url, guest=True) as db:
                while not await db.read(was_tried):
                    await asyncio.sleep(0.05)
            shown = await everything_shown(web, root)
    written = (tmp_path / "log.txt").read_text(encoding="utf-8", errors="replace")
    assert "inbox is degraded" in written
    for secret in SECRETS:
        assert secret not in written, secret[-8:]
        assert secret not in shown, secret[-8:]
    assert f"{CANARY}13metrics" not in written + shown


async def everything_shown(web, root):
    """Return all that a stranger and an administrator can read, after everything went wrong."""
    form = {"name": "admin", "password": PASSWORD}
    assert (await web.post(f"{root}/login", data=form, headers={"origin": root})).status_code == 303
    pages = []
    for name in CONFIGURED:
        for body in (b"", b"<xml/>", b'{"a": 1}'):
            answer = await web.post(f"{root}/inboxes/{name}/webhook", content=body)
            pages.append(f"{answer.headers} {answer.text}")
    async with asyncio.timeout(60):
        while (await web.get(f"{root}/readyz")).json()["inboxes"]["wechat"] != "degraded":
            await asyncio.sleep(0.05)
    for path in ("/settings/channels", "/metrics", "/readyz", "/healthz", "/nowhere", "/settings"):
        for accept in ("text/html", "*/*"):
            answer = await web.get(f"{root}{path}", headers={"accept": accept})
            pages.append(f"{answer.headers} {answer.text}")
    return "\n".join(pages)
