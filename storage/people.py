"""The people of the firm, and their logins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlmodel import Session as Db
from sqlmodel import col, select

from storage.models import Agent, Role, Session

FAILURES = 5
"""How many wrong passwords close an account for a while."""
LOCKED_FOR = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
"""A session's last use is noted no more often than this."""


class NameTaken(Exception):
    """Somebody else has this login name."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login to be stored: the hash of its cookie, its token against forgery, its end."""

    id_hash: str
    csrf: str
    expires_at: datetime
    client: Mapping[str, Any] | None = None


def create_agent(
    session: Db,
    name: str,
    password_hash: str,
    role: Role,
    now: datetime,
    *,
    display_name: str | None = None,
    must_change_password: bool = False,
) -> Agent:
    """Add a person.

    Raises:
        NameTaken: somebody has this name.
    """
    if find_agent(session, name) is not None:
        raise NameTaken(name)
    agent = Agent(
        name=name,
        display_name=display_name,
        password_hash=password_hash,
        must_change_password=must_change_password,
        role=role,
        created_at=now,
    )
    session.add(agent)
    session.flush()
    return agent


def bootstrap_admin(session: Db, name: str, password_hash: str, now: datetime) -> Agent | None:
    """Add the first administrator, who must change the password; None if there is somebody."""
    if session.exec(select(func.count()).select_from(Agent)).one():
        return None
    return create_agent(session, name, password_hash, Role.ADMIN, now, must_change_password=True)


def find_agent(session: Db, name: str) -> Agent | None:
    """Return the person who logs in with `name`."""
    return session.exec(select(Agent).where(Agent.name == name)).first()


def agent_by_id(session: Db, agent_id: UUID) -> Agent | None:
    """Return one person."""
    return session.get(Agent, agent_id)


def agents(session: Db) -> list[Agent]:
    """Return everybody, by name."""
    return list(session.exec(select(Agent).order_by(col(Agent.name))))


def count_failed(session: Db, name: str, now: datetime) -> None:
    """Note a wrong password; after some of them the account is closed for a while."""
    agent = find_agent(session, name)
    if agent is None or is_locked(agent, now):
        return
    agent.failed_logins += 1
    if agent.failed_logins >= FAILURES:
        agent.failed_logins = 0
        agent.locked_until = now + LOCKED_FOR
    session.add(agent)


def is_locked(agent: Agent, now: datetime) -> bool:
    """Say whether too many wrong passwords keep this account closed."""
    return agent.locked_until is not None and agent.locked_until > now


def start_session(session: Db, agent_id: UUID, new: NewSession, now: datetime) -> Session | None:
    """Log somebody in; None if the account was closed or locked in the meantime."""
    agent = session.get(Agent, agent_id)
    if agent is None or not agent.enabled or is_locked(agent, now):
        return None
    session.execute(delete(Session).where(col(Session.expires_at) <= now))
    agent.failed_logins = 0
    agent.locked_until = None
    session.add(agent)
    stored = Session(
        id_hash=new.id_hash,
        agent_id=agent_id,
        csrf=new.csrf,
        created_at=now,
        last_seen_at=now,
        expires_at=new.expires_at,
        client=dict(new.client) if new.client else None,
    )
    session.add(stored)
    session.flush()
    return stored


def find_session(
    session: Db, id_hash: str, now: datetime, idle: timedelta
) -> tuple[Session, Agent] | None:
    """Return a login that still counts, and whose it is."""
    found = session.exec(
        select(Session, Agent)
        .join(Agent, col(Agent.id) == col(Session.agent_id))
        .where(
            Session.id_hash == id_hash,
            col(Session.expires_at) > now,
            col(Session.last_seen_at) > now - idle,
            col(Agent.enabled).is_(True),
        )
    ).first()
    return (found[0], found[1]) if found else None


def touch_session(session: Db, id_hash: str, now: datetime) -> None:
    """Note that a login was used."""
    session.execute(
        update(Session)
        .where(col(Session.id_hash) == id_hash, col(Session.last_seen_at) < now)
        .values(last_seen_at=now)
    )


def end_session(session: Db, id_hash: str) -> None:
    """Log out."""
    session.execute(delete(Session).where(col(Session.id_hash) == id_hash))


def end_sessions(session: Db, agent_id: UUID, keep: str | None = None) -> None:
    """Log somebody out everywhere, except at the session whose hash is `keep`."""
    statement = delete(Session).where(col(Session.agent_id) == agent_id)
    if keep is not None:
        statement = statement.where(col(Session.id_hash) != keep)
    session.execute(statement)


def set_password(
    session: Db, agent_id: UUID, password_hash: str, *, must_change: bool = False
) -> None:
    """Give somebody a new password and open the account again."""
    session.execute(
        update(Agent)
        .where(col(Agent.id) == agent_id)
        .values(
            password_hash=password_hash,
            must_change_password=must_change,
            failed_logins=0,
            locked_until=None,
        )
    )


def set_preferences(session: Db, agent_id: UUID, language: str | None, theme: str | None) -> None:
    """Remember in which language and light somebody likes the console."""
    session.execute(
        update(Agent).where(col(Agent.id) == agent_id).values(language=language, theme=theme)
    )


def set_role(session: Db, agent_id: UUID, role: Role, *, enabled: bool) -> None:
    """Change what somebody may do; who may do nothing any more is logged out."""
    session.execute(
        update(Agent).where(col(Agent.id) == agent_id).values(role=role, enabled=enabled)
    )
    if not enabled:
        end_sessions(session, agent_id)
