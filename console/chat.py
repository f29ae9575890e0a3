"""The customers' side: the web chat's page, its colours, the loader for other sites."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.types import Scope

from console import brand, i18n
from console.services import ChatBrand, services
from console.views import STATIC, initials, part

router = APIRouter()

ANOTHER_SITE = {"cross-origin-resource-policy": "cross-origin"}
"""What a page of the firm's own site may load from here."""
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-]+(:\d{1,5})?")
_PICTURE = re.compile(
    r"(https://[A-Za-z0-9.\-]+(?::\d{1,5})?)?/[A-Za-z0-9_.\-][A-Za-z0-9_.~%/?=&\-]*"
)
_CHAT = re.compile(r"/chat/([a-z0-9_]+)")
_LANGUAGES = {"zh": "zh_CN", "en": "en"}


@router.get("/chat/{inbox}")
async def chat_page(request: Request, inbox: str, lang: str = "") -> Response:
    """Show the chat of one inbox, in the visitor's language."""
    look = _find(request, inbox)
    if look is None:
        return PlainTextResponse("There is no such chat.", 404)
    locale = visitors_locale(request, lang)
    language = locale.split("_")[0]
    title = _in_language(look.titles, language, look.title)
    page = part(
        locale,
        "chat/chat.html",
        {
            "inbox": inbox,
            "title": title,
            "logo": look.logo if look.logo and _PICTURE.fullmatch(look.logo) else None,
            "initials": initials(title),
            "greeting": _in_language(look.greeting, language, ""),
            "attachments": look.attachments,
            "suggestions": _in_language(look.suggestions, language, ()),
            "origins": _origins(look.allowed_origins) if look.allowed_origins else ("*",),
        },
    )
    return HTMLResponse(page)


@router.get("/chat/{inbox}/brand.css")
async def chat_colours(request: Request, inbox: str) -> Response:
    """Give the inbox's colours to its chat and to the widget's button."""
    look = _find(request, inbox)
    if look is None:
        return PlainTextResponse("", 404, media_type="text/css")
    headers = {**ANOTHER_SITE, "cache-control": "public, max-age=300"}
    return Response(brand.stylesheet(look.color), 200, headers, "text/css")


@router.get("/widget.js")
async def widget_loader() -> Response:
    """Give the loader that a site puts on its pages."""
    headers = {**ANOTHER_SITE, "cache-control": "public, max-age=300"}
    return FileResponse(STATIC / "widget.js", headers=headers, media_type="text/javascript")


def visitors_locale(request: Request, lang: str = "") -> str:
    """Return the language of a customers' page: what its address says, else the browser."""
    accept = request.headers.get("accept-language", "")
    return i18n.choose(_LANGUAGES.get(lang[:2].lower()), accept=accept)


def frame_policy(scope: Scope) -> Mapping[str, str] | None:
    """Say which sites may show a chat in a frame, for `SecurityHeaders`."""
    found = _CHAT.fullmatch(scope["path"])
    if found is None:
        return None
    look = scope["app"].state.services.chats(found[1])
    if look is None:
        return {"frame-ancestors": "'self'"}
    sites = ("'self'", *_origins(look.allowed_origins)) if look.allowed_origins else ("*",)
    picture = _PICTURE.fullmatch(look.logo or "")
    places = ("'self'", "data:", *([picture[1]] if picture and picture[1] else []))
    # Files are fetched with the visitor's token and shown from memory.
    return {
        "frame-ancestors": " ".join(sites),
        "img-src": " ".join((*places, "blob:")),
        "media-src": "'self' blob:",
    }


def _find(request: Request, inbox: str) -> ChatBrand | None:
    return services(request).chats(inbox)


def _origins(allowed: Sequence[str]) -> tuple[str, ...]:
    return tuple(origin for origin in allowed if _ORIGIN.fullmatch(origin))


def _in_language(texts: Mapping[str, Any], language: str, nothing: Any) -> Any:  # noqa: ANN401 - text or texts
    return texts.get(language) or next(iter(texts.values()), nothing)
