"""Settings: how the channels are doing, what needs attention, who may log in."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from channels.health import Level, Report
from console.auth import Found, Login, hash_in_thread, require
from console.i18n import mark
from console.services import InboxState, Services
from console.views import render
from console.words import CHANNELS
from storage import doubts, overview, paces, people, transport
from storage.conversations import preview_of
from storage.models import Agent, InboundEvent, Role

router = APIRouter()
OperatorLogin = Annotated[Login, Depends(require("settings"))]
"""Somebody who looks after the channels."""
UsersLogin = Annotated[Login, Depends(require("users"))]
"""Somebody who says who may log in."""
STATES: Mapping[str, tuple[str, str, str]] = {
    "ready": (mark("Ready"), "good", "check"),
    "degraded": (mark("Needs mending"), "warn", "alert"),
    "stopped": (mark("Stopped"), "bad", "close"),
    "held": (mark("Held"), "warn", "alert"),
    "paused": (mark("Pausing"), "warn", "clock"),
    "disabled": (mark("Switched off"), "", "lock"),
}
"""What a channel's state is called, its tone and its sign."""
ROLES: Mapping[str, tuple[str, str]] = {
    "agent": (mark("Agent"), mark("Answers customers, opens complaints and takes their steps.")),
    "handler": (mark("Department"), mark("Finds causes and solutions of complaints.")),
    "editor": (mark("Editor"), mark("Writes drafts of the knowledge base.")),
    "supervisor": (mark("Supervisor"), mark("Like an agent and an editor; approves solutions.")),
    "admin": (mark("Administrator"), mark("May do everything.")),
}
TOLD: Mapping[str, str] = {
    "again": mark("It is tried again now."),
    "gone": mark("It was not waiting any more."),
    "arrived": mark("Noted: it arrived."),
    "decided": mark("Somebody has decided about it already."),
    "changed": mark("The account is changed."),
    "checked": mark("Checked just now."),
    "last": mark("Nobody could administrate any more, so nothing was changed."),
}
DECISIONS: Mapping[str, Callable[..., object]] = {
    "arrived": doubts.arrived,
    "again": doubts.again,
}
LEVELS: Mapping[Level, tuple[str, str, str]] = {
    "ok": (mark("All is well"), "good", "check"),
    "warning": (mark("Could be better"), "warn", "info"),
    "problem": (mark("Needs mending"), "bad", "alert"),
}
"""What the worst that a check found is called, its tone and its sign."""
VALID = timedelta(hours=2)
"""For how long what a check found is believed of an inbox that says nothing else."""
LATELY = timedelta(days=7)
"""For how long the channels' page remembers what could not be sent."""
SHOWN = 4000
"""How many characters of a payload are shown."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event that could not be understood or handled."""

    event: InboundEvent
    payload: str


class LastAdmin(Exception):
    """Without this person nobody could administrate."""


@router.get("/settings")
async def home(_login: OperatorLogin) -> Response:
    """Go to the first page of the settings."""
    return RedirectResponse("/settings/channels", 303)


@router.get("/settings/channels")
async def channels(
    request: Request, login: OperatorLogin, found: Found, told: str = ""
) -> Response:
    """Show every inbox's state, and the events that need attention."""
    events = await found.db.read(transport.troubled)
    waits = await found.db.read(paces.states, found.clock())
    traffic = await found.db.read(overview.traffic, found.clock() - LATELY)
    reports = await found.reports()
    inboxes = found.inboxes()
    context = {
        "inboxes": inboxes,
        "reports": reports,
        "levels": LEVELS,
        "red": {one.inbox for one in inboxes if _is_red(one, reports, found.clock())},
        "traffic": traffic,
        "paces": waits,
        "held": {name for name, row in waits.items() if paces.is_held(row)},
        "channels": CHANNELS,
        "states": STATES,
        "undelivered": [
            (item, preview_of(item.delivery.parts))
            for item in await found.db.read(doubts.undelivered, found.clock() - LATELY)
        ],
        "troubles": [Trouble(event, _as_text(event.payload)) for event in events],
        "told": TOLD.get(told, ""),
    }
    return render(request, "settings/channels.html", context, login=login)


@router.post("/settings/channels/{inbox}/check")
async def check(_login: OperatorLogin, found: Found, inbox: str) -> Response:
    """Ask a platform how the account is."""
    names = [one.inbox for one in found.inboxes()]
    if inbox not in names:
        raise HTTPException(404)
    await found.check(inbox)
    return RedirectResponse(f"/settings/channels?told=checked#inbox-{inbox}", 303)


@router.post("/settings/events/{event_id}/retry")
async def retry(_login: OperatorLogin, found: Found, event_id: UUID) -> Response:
    """Try a dead event once more."""
    revived = await found.db.write(transport.revive, event_id, found.clock())
    return RedirectResponse(f"/settings/channels?told={'again' if revived else 'gone'}", 303)


@router.post("/settings/deliveries/{delivery_id}/{decision}")
async def decide(login: OperatorLogin, found: Found, delivery_id: UUID, decision: str) -> Response:
    """Say that a message in doubt arrived, or send one again."""
    run = DECISIONS.get(decision)
    if run is None:
        raise HTTPException(404)
    decided = await found.db.write(run, delivery_id, login.id, found.clock())
    told = decision if decided else "decided"
    return RedirectResponse(f"/settings/channels?told={told}#undelivered-title", 303)


@router.get("/settings/users")
async def users(request: Request, login: UsersLogin, found: Found, told: str = "") -> Response:
    """Show who may log in."""
    return await _users_page(request, login, found, {"told": TOLD.get(told, "")})


@router.post("/settings/users")
async def add_user(
    request: Request,
    login: UsersLogin,
    found: Found,
    name: Annotated[str, Form(max_length=100)] = "",
    display_name: Annotated[str, Form(max_length=100)] = "",
    role: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Add somebody; the first password is shown once, and must be changed at the first login."""
    name, given = name.strip(), {"name": name, "display_name": display_name, "role": role}
    errors = {}
    if not _NAME.fullmatch(name):
        errors["name"] = mark("2 to 32 letters, digits, dots, dashes or underscores.")
    if role not in ROLES:
        errors["role"] = mark("Choose a role.")
    if errors:
        return await _users_page(request, login, found, {"errors": errors, "given": given}, 422)
    password = secrets.token_urlsafe(12)
    hashed = await hash_in_thread(password)
    try:
        await found.db.write(
            people.create_agent,
            name,
            hashed,
            Role(role),
            found.clock(),
            display_name=display_name.strip() or None,
            must_change_password=True,
        )
    except people.NameTaken:
        errors["name"] = mark("Somebody has this name already.")
        return await _users_page(request, login, found, {"errors": errors, "given": given}, 409)
    fresh = {"fresh_name": name, "fresh_password": password}
    return await _users_page(request, login, found, fresh)


@router.post("/settings/users/{agent_id}")
async def change_user(
    _login: UsersLogin,
    found: Found,
    agent_id: UUID,
    role: Annotated[Role, Form()],
    enabled: Annotated[str, Form()] = "",
) -> Response:
    """Change somebody's role, or close and open their account."""
    try:
        await found.db.write(set_role, agent_id, role, enabled=enabled == "on")
    except LastAdmin:
        return RedirectResponse("/settings/users?told=last", 303)
    return RedirectResponse("/settings/users?told=changed", 303)


@router.post("/settings/users/{agent_id}/password")
async def reset_password(
    request: Request, login: UsersLogin, found: Found, agent_id: UUID
) -> Response:
    """Give somebody a new first password, shown once."""
    agent = await found.db.read(people.agent_by_id, agent_id)
    if agent is None or agent_id == login.id:
        return RedirectResponse("/settings/users", 303)
    password = secrets.token_urlsafe(12)
    hashed = await hash_in_thread(password)
    await found.db.write(_reset, agent_id, hashed)
    fresh = {"fresh_name": agent.name, "fresh_password": password}
    return await _users_page(request, login, found, fresh)


def set_role(session: Session, agent_id: UUID, role: Role, *, enabled: bool) -> None:
    """Change an account, unless nobody could administrate then.

    Raises:
        LastAdmin: this is the only administrator.
    """
    agent = people.agent_by_id(session, agent_id)
    if agent is None:
        return
    loses = agent.role is Role.ADMIN and agent.enabled and not (role is Role.ADMIN and enabled)
    if loses and overview.count_admins(session) <= 1:
        raise LastAdmin
    people.set_role(session, agent_id, role, enabled=enabled)


def _reset(session: Session, agent_id: UUID, hashed: str) -> None:
    people.set_password(session, agent_id, hashed, must_change=True)
    people.end_sessions(session, agent_id)


async def _users_page(
    request: Request,
    login: Login,
    found: Services,
    more: Mapping[str, Any],
    status: int = 200,
) -> Response:
    agents = await found.db.read(people.agents)
    context = {
        "agents": agents,
        "roles": ROLES,
        "publishers": found.publishers,
        "locked": {a.id for a in agents if _is_locked(a, found)},
        "fresh_name": "",
        "fresh_password": "",
        "errors": {},
        "given": {},
        "told": "",
        **more,
    }
    return render(request, "settings/users.html", context, login=login, status=status)


def _is_locked(agent: Agent, found: Services) -> bool:
    return people.is_locked(agent, found.clock())


def _is_red(inbox: InboxState, reports: Mapping[str, Report], now: datetime) -> bool:
    """Say whether only a human can mend it: what it says itself, or its last check."""
    report = reports.get(inbox.inbox)
    is_ill = report is not None and report.level == "problem" and now - report.at < VALID
    return inbox.trouble is not None or (is_ill and inbox.state != "disabled")


def _as_text(payload: Mapping[str, Any]) -> str:
    text = json.dumps(payload, ensure_ascii=False, indent=2)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]} …"
