"""From data to pages: templates, in the reader's language, light and time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console import i18n, ticket_words
from console.auth import Login
from console.entry_paths import entry_path
from console.words import (
    BANDS,
    CONTACT_EVENTS,
    MEDIA,
    MEDIA_PROBLEMS,
    REASONS,
    REFUSALS,
    ROUTES,
    WORDLESS,
)
from faq.entries import ANSWER_CHARS, CATEGORY_CHARS, QUESTION_CHARS
from storage.zone import ZONE

STATIC = Path(__file__).parent / "static"
HUES = 12
THEMES = ("light", "dark")
WIDE = 0x2E80
"""From here on one character is a whole syllable: one is enough for an avatar."""


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    login: Login | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Answer with a page, or with the part of one that htmx asked for."""
    locale = locale_of(request, login)
    html = part(
        locale,
        template,
        {
            "login": login,
            "csrf": login.csrf if login else "",
            "path": request.url.path,
            "theme": theme_of(request, login),
            "partial": is_partial(request),
            "demo": request.app.state.services.demo,
            "now": request.app.state.services.clock(),
            **(context or {}),
        },
    )
    return HTMLResponse(html, status, dict(headers or {}))


def part(locale: str, template: str, context: Mapping[str, Any]) -> str:
    """Return a template filled in, in the language of `locale`."""
    return environment(locale).get_template(template).render(locale=locale, **context)


def is_partial(request: Request) -> bool:
    """Say whether htmx asks for a part of the page."""
    return (
        request.headers.get("hx-request") == "true"
        and request.headers.get("hx-request-type", "partial") == "partial"
        and request.headers.get("hx-history-restore-request") != "true"
    )


def locale_of(request: Request, login: Login | None = None) -> str:
    """Return the reader's language: own setting, cookie, browser, Chinese."""
    return i18n.choose(
        login.agent.language if login else None,
        request.cookies.get("language"),
        accept=request.headers.get("accept-language", ""),
    )


def theme_of(request: Request, login: Login | None = None) -> str:
    """Return light, dark, or nothing: whatever the reader's system says."""
    wish = (login.agent.theme if login else None) or request.cookies.get("theme")
    return wish if wish in THEMES else ""


@cache
def environment(locale: str) -> Environment:
    """Return the templates in the language of `locale`."""
    made = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    texts = i18n.translations(locale)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
        texts.ugettext, texts.ungettext, newstyle=True
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals.update(
        asset=asset,
        csrf_field=csrf_field,
        page_language=locale.replace("_", "-"),
        contact_events=CONTACT_EVENTS,
        handoff_reasons=REASONS,
        media_kinds=MEDIA,
        media_problems=MEDIA_PROBLEMS,
        refusals=REFUSALS,
        bands=BANDS,
        ticket_steps=ticket_words.ACTIONS,
        limits={"question": QUESTION_CHARS, "answer": ANSWER_CHARS, "category": CATEGORY_CHARS},
        routes=ROUTES,
    )
    made.filters.update(
        initials=initials,
        hue=hue,
        clock=clock,
        moment=moment,
        day=lambda value: day(value, locale),
        brief=brief,
        entry_path=entry_path,
        preview=lambda line: i18n.say(locale, WORDLESS[line]) if line in WORDLESS else line,
        waiting=lambda since, now: waiting(since, now, locale),
        percent=percent,
        filled=lambda text, values: filled(text, values, locale),
    )
    return made


@cache
def asset(name: str) -> str:
    """Return a static file's address, which changes with its content."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


@pass_context
def csrf_field(context: Context) -> Markup:
    """Return the hidden field that every form of the console carries."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(context.get("csrf", ""))


def initials(name: str | None) -> str:
    """Return what an avatar shows: one wide character, or two letters."""
    words = [word for word in (name or "").split() if word[0].isalnum()]
    if not words:
        return "?"
    if ord(words[0][0]) >= WIDE:
        return words[0][0]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def hue(key: object) -> int:
    """Return which of the avatars' colours this person has, today and tomorrow."""
    return crc32(str(key).encode()) % HUES


def clock(value: datetime) -> str:
    """Return the time of day, such as 09:05."""
    return value.astimezone(ZONE).strftime("%H:%M")


def day(value: datetime, locale: str) -> str:
    """Return the day, such as 2026-11-22 周日."""
    local = value.astimezone(ZONE)
    names = i18n.say(locale, "Mon Tue Wed Thu Fri Sat Sun").split()
    return f"{local:%Y-%m-%d} {names[local.weekday()]}"


def moment(value: datetime | None, style: str = "auto") -> Markup:
    """Return a `<time>` element: day and time, or only one of them (`date`, `clock`)."""
    if value is None:
        return Markup('<span class="muted">–</span>')
    local = value.astimezone(ZONE)
    shown = {"clock": f"{local:%H:%M}", "date": f"{local:%Y-%m-%d}"}.get(style)
    full = f"{local:%Y-%m-%d %H:%M}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), full, shown or full
    )


def brief(value: datetime, now: datetime) -> Markup:
    """Return a list's time: the clock today, the day before that."""
    local, today = value.astimezone(ZONE), now.astimezone(ZONE)
    same_year = local.year == today.year
    style = "%H:%M" if local.date() == today.date() else "%m-%d" if same_year else "%Y-%m"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(timespec="seconds"), f"{local:%Y-%m-%d %H:%M}", local.strftime(style)
    )


def waiting(since: datetime, now: datetime, locale: str) -> Markup:
    """Return how long somebody has waited; the browser's ticker goes on from there."""
    minutes = max(0, int((now - since).total_seconds())) // 60
    if minutes < 60:  # noqa: PLR2004 - an hour
        text = i18n.say(locale, "%(minutes)d min", minutes=minutes)
    else:
        hours, rest = divmod(minutes, 60)
        text = i18n.say(locale, "%(hours)d h %(minutes)d min", hours=hours, minutes=rest)
    title = i18n.say(locale, "Waiting for an answer")
    return Markup('<time datetime="{}" data-since title="{}">{}</time>').format(
        since.isoformat(timespec="seconds"), title, text
    )


def filled(text: str, values: Mapping[str, str | int], locale: str) -> str:
    """Return what a check said in the reader's language; a text that cannot be filled stays bare.

    A channel that is not ours may have made it: so it is plain text, whatever is in it.
    """
    said = i18n.translations(locale).ugettext(text)
    try:
        return said % dict(values)
    except (KeyError, TypeError, ValueError):
        return said


def percent(value: float) -> str:
    """Return 0.873 as 87 %."""
    return f"{round(value * 100)} %"
