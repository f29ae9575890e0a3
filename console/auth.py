"""Who is there, and what may they do: sessions, passwords, permissions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.requests import Request
from starlette.responses import Response

from console import csrf
from console.services import Services, services
from handlers.desk import roles
from storage import people
from storage.models import Agent, Role

IDLE = timedelta(minutes=30)
"""A session that nobody uses ends after this."""
ABSOLUTE = timedelta(hours=12)
"""A session ends after this, used or not."""
SHORTEST = 10
"""How many characters a password has at least."""
COOKIE = "yingda"
BACKGROUND = "x-background"
"""A page that refreshes itself says so: only a person's own doing keeps a session awake."""
PASSWORD_PATH = "/me/password"  # noqa: S105 - a path

_hashing = ThreadPoolExecutor(2, "argon2")
"""Each hash takes 64 MiB and a third of a second: two at a time, and never in the loop."""


class LoginNeeded(Exception):
    """Nobody is logged in."""


class PasswordChangeNeeded(Exception):
    """The first password must be changed before anything else."""


class Forbidden(Exception):
    """This person may not do this."""


class Forged(Exception):
    """The call does not come from a page of ours."""


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who is logged in, as every page sees them."""

    agent: Agent
    session: str
    csrf: str
    publishers: frozenset[Role] = roles.PUBLISHERS
    """Which roles make drafts of the knowledge base live, in this firm."""

    @property
    def id(self) -> UUID:
        """The person's id."""
        return self.agent.id

    @property
    def name(self) -> str:
        """What colleagues and logs call this person."""
        return self.agent.display_name or self.agent.name

    def may(self, permission: str) -> bool:
        """Say whether this person's role includes `permission`."""
        if permission == roles.PUBLISH:
            return self.agent.role in self.publishers
        return roles.may(self.agent.role, permission)


def hash_password(password: str, *, time_cost: int = 3, memory_cost: int = 65536) -> str:
    """Return what is stored of a password; lower costs are for tests."""
    return PasswordHash((Argon2Hasher(time_cost=time_cost, memory_cost=memory_cost),)).hash(
        password
    )


async def hash_in_thread(password: str) -> str:
    """Hash a password without holding up everybody else."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, hash_password, password)


async def verify(password: str, stored: str | None) -> bool:
    """Say whether this is the password; takes its time even when there is no account."""
    loop = asyncio.get_running_loop()
    same = await loop.run_in_executor(_hashing, _verify, password, stored)
    return same and stored is not None


def _verify(password: str, stored: str | None) -> bool:
    return PasswordHash((Argon2Hasher(),)).verify(password, stored or _nobody())


@cache
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe())


def cookie_name(found: Services) -> str:
    """Return the session cookie's name; `__Host-` binds it to this very host."""
    return f"__Host-{COOKIE}" if found.secure else COOKIE


def id_hash(cookie: str) -> str:
    """Return what is stored of a session's cookie."""
    return sha256(cookie.encode()).hexdigest()


async def open_session(found: Services, agent: Agent, response: Response, client: str) -> bool:
    """Log somebody in under a new id; False if the account was closed meanwhile."""
    cookie = secrets.token_urlsafe(32)
    now = found.clock()
    new = people.NewSession(
        id_hash(cookie), secrets.token_urlsafe(24), now + ABSOLUTE, {"agent": client[:200]}
    )
    if await found.db.write(people.start_session, agent.id, new, now) is None:
        return False
    response.set_cookie(
        cookie_name(found), cookie, httponly=True, secure=found.secure, samesite="lax", path="/"
    )
    return True


async def find_login(request: Request) -> Login | None:
    """Return who sent this call, if it carries a session that still counts."""
    found = services(request)
    cookie = request.cookies.get(cookie_name(found))
    if not cookie:
        return None
    now = found.clock()
    row = await found.db.read(people.find_session, id_hash(cookie), now, IDLE)
    if row is None:
        return None
    session, agent = row
    by_hand = BACKGROUND not in request.headers
    if by_hand and now - session.last_seen_at >= people.SEEN_EVERY:
        await found.db.write(people.touch_session, session.id_hash, now)
    return Login(agent, session.id_hash, session.csrf, found.publishers)


async def check_call(request: Request) -> Login:
    """Return who is logged in, whatever they may do.

    Raises:
        LoginNeeded: nobody is.
        Forged: a page of another site sent this.
    """
    if request.method not in csrf.SAFE and not csrf.is_same_origin(request):
        raise Forged
    login = await find_login(request)
    if login is None:
        raise LoginNeeded
    if request.method not in csrf.SAFE and not await csrf.has_token(request, login.csrf):
        raise Forged
    return login


def require(permission: str | None = None) -> Callable[[Request], Awaitable[Login]]:
    """Return a dependency: somebody who may do this, through a page of ours."""

    async def permitted(request: Request) -> Login:
        login = await check_call(request)
        if login.agent.must_change_password and request.url.path != PASSWORD_PATH:
            raise PasswordChangeNeeded
        if permission is not None and not login.may(permission):
            raise Forbidden
        return login

    return permitted


Anybody = Annotated[Login, Depends(require())]
"""Whoever is logged in."""
InboxLogin = Annotated[Login, Depends(require("inbox"))]
"""Somebody who answers customers."""
Found = Annotated[Services, Depends(services)]
"""The collaborators."""


def safe_next(path: str | None) -> str:
    """Return a path of our own to go on to, or the entrance."""
    own = path is not None and path.startswith("/") and not path.startswith(("//", "/\\"))
    clean = own and path is not None and path.isprintable() and "\\" not in path
    return path if clean and path is not None else "/"
