import re
from pathlib import Path

import httpx
import pytest

import console
from console.security import policy
from tests.console.world import PASSWORD, Console

ROOT = Path(console.__file__).parent
PAGES = ["/login", "/inbox", "/me", "/me/password"]


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_tells_the_browser_what_to_refuse(desk_console: Console, page):
    browser = await desk_console.enter("li")
    if page == "/login":
        browser = desk_console.browser()
    answer = await browser.get(page)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == policy()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_static_files_are_kept_by_the_browser_under_their_version(desk_console: Console):
    browser = desk_console.browser()
    page = (await browser.get("/login")).text
    address = re.search(r"/static/base\.css\?v=\w+", page)
    assert address is not None
    answer = await browser.get(address[0])
    assert "immutable" in answer.headers["cache-control"]
    assert (await browser.get("/static/base.css")).headers["cache-control"] == "no-cache"


async def test_no_file_outside_the_static_folder_is_given(desk_console: Console):
    for path in ("/static/../auth.py", "/static/%2e%2e/auth.py", "/static/..%2fauth.py"):
        assert (await desk_console.browser().get(path)).status_code in {404, 405}


async def test_a_form_of_another_site_is_refused(desk_console: Console):
    browser = await desk_console.enter("li")
    for headers in (
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert (await browser.post("/me", data={}, headers=headers)).status_code == 403
        form = {"name": "li", "password": PASSWORD}
        answer = await desk_console.browser().post("/login", data=form, headers=headers)
        assert answer.status_code == 403


@pytest.mark.parametrize("token", ["", "wrong", "é"])
async def test_a_form_without_its_sessions_token_is_refused(desk_console: Console, token):
    browser = await desk_console.enter("li")
    del browser.headers["x-csrf-token"]
    answer = await browser.post("/me", data={"csrf": token, "language": "en"})
    assert answer.status_code == 403


async def test_one_sessions_token_opens_no_other_session(desk_console: Console):
    li, zhao = await desk_console.enter("li"), await desk_console.enter("zhao")
    answer = await zhao.post("/me", headers={"x-csrf-token": li.headers["x-csrf-token"]})
    assert answer.status_code == 403


async def test_who_may_not_gets_a_page_that_says_so(desk_console: Console):
    browser = await desk_console.enter("editor")
    answer = await browser.get("/inbox")
    assert answer.status_code == 403
    assert "Your role does not include this page" in answer.text


async def test_the_rail_shows_only_what_one_may_open(desk_console: Console):
    agent = (await (await desk_console.enter("li")).get("/me")).text
    editor = (await (await desk_console.enter("editor")).get("/me")).text
    assert 'href="/inbox"><' in agent
    assert 'href="/settings"' not in agent
    assert 'href="/kb"' in editor


def test_no_template_has_inline_styles_scripts_or_unescaped_text():
    forbidden = re.compile(
        r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|\|\s*safe\b|hx-on|javascript:"
    )
    found = {
        path.name: forbidden.findall(path.read_text())
        for path in (ROOT / "templates").rglob("*.html")
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_every_form_that_posts_carries_the_token():
    form = re.compile(r'<form[^>]*method="post".*?</form>', re.DOTALL)
    lacking = [
        path.name
        for path in (ROOT / "templates").rglob("*.html")
        for found in form.findall(path.read_text())
        if "csrf_field()" not in found and 'action="/login"' not in found
    ]
    assert lacking == []


async def test_what_a_customer_wrote_is_text_and_nothing_else(desk_console: Console):
    evil = '<script>alert(1)</script><img src=x onerror="alert(2)">'
    conversation = await desk_console.talk(name=evil[:40], text=evil)
    browser = await desk_console.enter("li")
    for page in (f"/inbox/{conversation.id}?view=all", "/inbox?view=all"):
        text = (await browser.get(page)).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&lt;script&gt;" in text


async def test_people_get_a_page_and_programs_a_plain_answer_when_nothing_is_there(
    desk_console: Console,
):
    browser = await desk_console.enter("li")
    page = await browser.get("/nowhere", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "There is nothing here" in page.text
    plain = await browser.get("/nowhere")
    assert plain.status_code == 404
    assert plain.json() == {"detail": "Not Found"}


async def test_a_fault_of_ours_tells_people_so_and_shows_no_insides(desk_console: Console):
    @desk_console.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret insides")

    transport = httpx.ASGITransport(desk_console.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as browser:
        page = await browser.get("/broken", headers={"accept": "text/html"})
        plain = await browser.get("/broken")
    assert page.status_code == plain.status_code == 500
    assert "secret" not in page.text + plain.text
    assert "应答" in page.text
