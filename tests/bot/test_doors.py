"""Every address of the product is open on purpose, or closed to strangers."""

import re
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from bot.app import compose
from bot.config import Config

OPEN = {
    "GET /",
    "GET /login",
    "POST /login",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /widget.js",
    "GET /chat/{inbox}",
    "GET /chat/{inbox}/brand.css",
    "GET /inboxes/{inbox}/webhook",
    "POST /inboxes/{inbox}/webhook",
    "POST /inboxes/{inbox}/visitors",
    "GET /inboxes/{inbox}/messages",
    "POST /inboxes/{inbox}/messages",
    "GET /inboxes/{inbox}/stream",
    "POST /inboxes/{inbox}/typing",
    "POST /inboxes/{inbox}/read",
    "POST /inboxes/{inbox}/files",
    "GET /inboxes/{inbox}/files/{media_id}",
    "GET /attachments/{media_id}",
}
"""Whoever adds to this has thought of strangers: each checks for itself, or tells nothing."""
OF_THE_DEMO = {
    "GET /demo",
    "POST /demo/{name}/say",
    "POST /demo/{name}/tap",
    "GET /demo/{name}/form",
    "POST /demo/{name}/form",
    "GET /demo/{name}/screen",
}
MOUNTED = {"/static"}
FOLDER_OF_THE_DEMO = "/demo/platform/"


def product(tmp_path, clock, *, demo):
    url = f"sqlite:///{tmp_path}/never-opened.db"
    return compose(Config(database_url=url, data_dir=tmp_path, demo=demo), clock)


def doors_of(app):
    """Return the addresses with their methods, and the folders."""
    doors, folders = set(), set()
    for route in app.routes:
        if isinstance(route, Mount):
            folders.add(route.path)
        else:
            assert isinstance(route, APIRoute | Route), route
            doors |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
    return doors, folders


def filled_in(path):
    path = re.sub(r"\{\w*id\}", str(UUID(int=1)), path)
    return re.sub(r"\{[\w:]+\}", "1", path)


async def test_a_stranger_finds_every_door_closed_that_is_not_open_on_purpose(tmp_path, clock):
    app = product(tmp_path, clock, demo=True)
    doors, folders = doors_of(app)
    assert doors >= OPEN | OF_THE_DEMO
    assert {folder for folder in folders if not folder.startswith(FOLDER_OF_THE_DEMO)} == MOUNTED
    closed = doors - OPEN - OF_THE_DEMO
    assert len(closed) > 30
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as stranger:
        for door in sorted(closed):
            method, path = door.split(" ")
            answer = await stranger.request(
                method, filled_in(path), params={"conv": str(UUID(int=1))}
            )
            to_login = answer.headers.get("location", "").startswith("/login")
            assert answer.status_code == 401 or (answer.status_code == 303 and to_login), door


async def test_without_the_demo_nothing_of_it_is_there(tmp_path, clock):
    doors, folders = doors_of(product(tmp_path, clock, demo=False))
    assert not doors & OF_THE_DEMO
    assert folders == MOUNTED


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/.env", "/inboxes"])
async def test_what_scanners_ask_for_is_not_there(tmp_path, clock, path):
    transport = httpx.ASGITransport(product(tmp_path, clock, demo=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as stranger:
        assert (await stranger.get(path)).status_code == 404
