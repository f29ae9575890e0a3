"""The way past the router: what comes out is what the router's way gives."""

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from bot.straight import Straight


async def door(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.path_params['inbox']}: {(await request.body()).decode()}")


@pytest.fixture
async def client():
    app = FastAPI()
    app.add_middleware(Straight, doors={"messages": door})

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
    async def routed(path: str) -> PlainTextResponse:
        return PlainTextResponse(f"routed {path}")

    async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as found:
        yield found


async def test_a_post_to_a_door_is_answered_there(client):
    answer = await client.post("/inboxes/website/messages?x=1", content=b"hello")
    assert answer.text == "website: hello"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "inboxes/website/messages"),
        ("PUT", "inboxes/website/messages"),
        ("POST", "inboxes/website/visitors"),
        ("POST", "inboxes/website/messages/"),
        ("POST", "inboxes//messages"),
        ("POST", "inboxes/a/b/messages"),
        ("POST", "x/inboxes/website/messages"),
    ],
)
async def test_all_else_goes_its_usual_way(client, method, path):
    answer = await client.request(method, f"/{path}")
    assert answer.text == f"routed {path}"
