"""The way past the router: what comes out is what the router's way gives."""

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from bot.limit import LARGEST_CALL
from bot.straight import Straight


async def door(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.path_params['inbox']}: {(await request.body()).decode()}")


async def page(_request: Request) -> HTMLResponse:
    return HTMLResponse("<p>hello")


@pytest.fixture
async def client():
    app = Straight()
    app.doors = {"messages": door, "page": page}

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
    async def routed(path: str) -> PlainTextResponse:
        return PlainTextResponse(f"routed {path}")

    async with AsyncClient(transport=ASGITransport(app), base_url="http://shop") as found:
        found.app = app
        yield found


async def test_a_post_to_a_door_is_answered_there(client):
    answer = await client.post("/inboxes/website/messages?x=1", content=b"hello")
    assert answer.text == "website: hello"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_door_knows_the_application_it_belongs_to(client):
    seen = []

    async def knowing(request: Request) -> PlainTextResponse:
        seen.append(request.app)
        return PlainTextResponse("")

    client.app.doors = {"messages": knowing}
    await client.post("/inboxes/website/messages")
    assert seen == [client.app]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_door_takes_no_body_over_the_limit(client, announced):
    async def pieces():
        for _ in range(5):
            yield b"x" * (LARGEST_CALL // 4)

    long = b"x" * (LARGEST_CALL + 1) if announced else pieces()
    answer = await client.post("/inboxes/website/messages", content=long)
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(client):
    sent = []

    async def never():
        raise AssertionError("somebody read it")

    async def note(message):
        sent.append(message)

    announced = [(b"content-length", str(LARGEST_CALL + 1).encode())]
    scope = {"type": "http", "method": "POST", "path": "/inboxes/website/messages"}
    await client.app({**scope, "headers": announced}, never, note)
    assert sent[0]["status"] == 413


async def test_a_page_behind_a_door_is_guarded_like_every_page(client):
    answer = await client.post("/inboxes/website/page")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


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
