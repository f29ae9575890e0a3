"""The customers' chat page, its colours, the widget's loader, the demo's phones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import Request

from console import brand, chat, demo
from console.services import ChatBrand

BRAND = ChatBrand(
    title="应答小店",
    color="#c8102e",
    greeting={"zh": "您好 <b>", "en": "Hello <b>"},
    suggestions={"zh": ("如何退货",), "en": ("How do I return it?",)},
    allowed_origins=("https://shop.example.com", "https://x.example.com; script-src *"),
)


@pytest.fixture
async def visitor(desk_console):
    desk_console.app.state.services = replace(
        desk_console.services, chats=lambda inbox: BRAND if inbox == "website" else None
    )
    async with desk_console.browser() as browser:
        yield browser


async def test_a_chat_speaks_the_browsers_language(visitor):
    english = (await visitor.get("/chat/website")).text
    chinese = (await visitor.get("/chat/website", headers={"accept-language": "zh-CN"})).text
    assert '<html lang="en">' in english
    assert "How do I return it?" in english
    assert '<html lang="zh-CN">' in chinese
    assert "如何退货" in chinese


async def test_the_address_can_choose_the_language(visitor):
    page = (await visitor.get("/chat/website?lang=zh-CN")).text
    assert '<html lang="zh-CN">' in page


async def test_what_the_config_says_is_text_and_never_markup(visitor):
    page = (await visitor.get("/chat/website")).text
    assert "Hello &lt;b&gt;" in page


async def test_a_chat_page_holds_no_inline_style_or_script(visitor):
    page = (await visitor.get("/chat/website")).text
    assert "style=" not in page
    assert "<script>" not in page
    assert " onclick" not in page


async def test_only_allowed_sites_may_frame_a_chat(visitor):
    policy = (await visitor.get("/chat/website")).headers["content-security-policy"]
    assert "frame-ancestors 'self' https://shop.example.com" in policy
    assert "x.example.com" not in policy
    assert policy.count("script-src") == 1


async def test_a_chat_that_names_no_site_may_be_shown_by_any(desk_console):
    look = replace(BRAND, allowed_origins=(), logo="https://img.example.com/logo.png")
    services = replace(desk_console.services, chats=lambda _inbox: look)
    desk_console.app.state.services = services
    async with desk_console.browser() as browser:
        answer = await browser.get("/chat/website")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "img-src 'self' data: https://img.example.com blob:;" in policy
    assert 'src="https://img.example.com/logo.png"' in answer.text
    assert 'data-origins="*"' in answer.text


@pytest.mark.parametrize("logo", ["https://a.b/x;script-src *", "javascript:alert(1)", "//x.y/z"])
async def test_a_logo_that_is_no_address_is_left_out(desk_console, logo):
    look = replace(BRAND, logo=logo)
    services = replace(desk_console.services, chats=lambda _inbox: look)
    desk_console.app.state.services = services
    async with desk_console.browser() as browser:
        answer = await browser.get("/chat/website")
    assert "<img" not in answer.text
    assert answer.headers["content-security-policy"].count("script-src") == 1


async def test_a_title_can_differ_by_language(desk_console):
    look = replace(BRAND, titles={"zh": "云杉", "en": "Spruce"})
    services = replace(desk_console.services, chats=lambda _inbox: look)
    desk_console.app.state.services = services
    async with desk_console.browser() as browser:
        page = (await browser.get("/chat/website")).text
    assert "<title>Spruce</title>" in page


async def test_an_unknown_chat_is_not_found(visitor):
    assert (await visitor.get("/chat/nowhere")).status_code == 404
    assert (await visitor.get("/chat/nowhere/brand.css")).status_code == 404


async def test_colours_come_as_a_stylesheet_that_other_sites_may_load(visitor):
    answer = await visitor.get("/chat/website/brand.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "--brand:#c8102e" in answer.text


async def test_the_loader_is_small_and_may_be_loaded_elsewhere(visitor):
    answer = await visitor.get("/widget.js")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert 'attachShadow({ mode: "open" })' in answer.text
    assert len(answer.content) < 6000


@pytest.mark.parametrize("colour", ["red", "#12345", "#fff}body{display:none", "#1234567", ""])
def test_a_colour_that_is_none_becomes_the_default(colour):
    assert brand.stylesheet(colour) == brand.stylesheet(brand.DEFAULT_COLOUR)


@pytest.mark.parametrize("colour", ["#ffff00", "#000000", "#ffffff", "#7f7f7f", "#07c160"])
def test_every_brand_stays_readable(colour):
    rules = brand.stylesheet(colour).split("{")[1].split("}")[0].rstrip(";").split(";")
    found = {name: brand.parse_colour(value) for name, value in (r.split(":") for r in rules)}
    assert brand.contrast(found["--brand"], found["--on-brand"]) >= 4.5
    assert brand.contrast(found["--brand-ink"], brand.LIGHT_SURFACE) >= 4.5
    assert brand.contrast(found["--brand-ink-dark"], brand.DARK_SURFACE) >= 4.5


def asked(path: str, app) -> Request:
    scope = {"type": "http", "method": "GET", "path": path, "app": app}
    return Request({**scope, "headers": [(b"accept-language", b"en")], "query_string": b""})


async def test_the_demo_shows_a_phone_for_each_platform_it_knows(desk_console):
    phones = {"demo_wechat": "wechat", "demo_slack": "slack", "demo_web": "webchat", "x": "fax"}
    page = bytes(demo.demo_page(asked("/demo", desk_console.app), phones).body).decode()
    assert page.count('<section class="phone ') == 3
    assert 'src="/chat/demo_web?lang=en"' in page
    assert page.index("I want to complain") < page.index("如何申请退货")
    assert "style=" not in page


def test_only_the_demo_may_show_frames():
    assert demo.demo_policy({"path": "/demo"}) == {"frame-src": "'self'"}
    assert demo.demo_policy({"path": "/inbox"}) is None


def test_only_a_chats_own_page_may_be_framed(desk_console):
    scope = {"path": "/chat/website/brand.css", "app": desk_console.app}
    assert chat.frame_policy(scope) is None
