"""Who writes to us, and under which name on which inbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from storage.jobs import Terms, on_terms
from storage.models.people import Contact, Identity


def find(session: Session, inbox: str, platform_user: str) -> tuple[Contact, Identity] | None:
    """Return the person known by this name on this inbox, if there is one."""
    query = (
        select(Contact, Identity)
        .join(Identity, col(Identity.contact_id) == col(Contact.id))
        .where(Identity.inbox == inbox, Identity.platform_user == platform_user)
    )
    return session.exec(query).first()


def find_or_make(
    session: Session,
    inbox: str,
    platform_user: str,
    name: str | None,
    language: str | None,
    now: datetime,
) -> tuple[Contact, Identity]:
    """Return the person known by this name on this inbox, making them if need be.

    A name or language that is already known is kept: an agent may have put it right.
    """
    if (known := find(session, inbox, platform_user)) is not None:
        contact, identity = known
        contact.name = contact.name or name
        contact.language = contact.language or language
        session.add(contact)
        return contact, identity
    contact = Contact(name=name, language=language, created_at=now)
    session.add(contact)
    session.flush()
    identity = Identity(inbox=inbox, platform_user=platform_user, contact_id=contact.id)
    session.add(identity)
    session.flush()
    return contact, identity


def get(session: Session, contact_id: UUID) -> Contact | None:
    """Return one contact."""
    return session.get(Contact, contact_id)


def get_many(session: Session, contact_ids: Collection[UUID]) -> dict[UUID, Contact]:
    """Return the contacts by id; unknown ids are left out."""
    query = select(Contact).where(col(Contact.id).in_(contact_ids))
    return {contact.id: contact for contact in session.exec(query)}


def identities(session: Session, contact_id: UUID) -> list[Identity]:
    """Return where one contact is known, by inbox."""
    query = select(Identity).where(Identity.contact_id == contact_id)
    return list(session.exec(query.order_by(col(Identity.inbox), col(Identity.platform_user))))


def set_blocked(session: Session, identity: Identity, *, blocked: bool) -> None:
    """Remember whether this identity still wants to hear from us."""
    identity.blocked = blocked
    session.add(identity)
    session.flush()


@on_terms(Terms(facts=False, sends=False))
def introduce(
    session: Session,
    inbox: str,
    platform_user: str,
    now: datetime,
    *,
    user_id: str,
    name: str | None,
    attributes: Mapping[str, Any],
) -> bool:
    """Note whom the firm's own website vouched for, making them if need be.

    A name that an agent put right stays; attributes are always the newest. False: all this is
    known.
    """
    found = find(session, inbox, platform_user)
    given = dict(attributes) or None
    if found is not None:
        contact, identity = found
        if (identity.user_id, identity.attributes) == (user_id, given) and (
            contact.name or not name
        ):
            return False
    _, identity = find_or_make(session, inbox, platform_user, name, None, now)
    identity.user_id, identity.attributes = user_id, given
    session.add(identity)
    session.flush()
    return True
