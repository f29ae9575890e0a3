"""From Telegram's updates to our words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from channels.base import Quarantined, Reception
from channels.message import (
    Address,
    ContactEvent,
    IncomingMessage,
    Part,
    Selection,
    Unsupported,
    Visibility,
    clean,
)
from channels.telegram.content import is_named, parts_of
from channels.telegram.wire import (
    CallbackQuery,
    MemberUpdate,
    Message,
    Placed,
    Raw,
    Update,
    User,
)

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds we ask Telegram for."""


@dataclass(frozen=True, slots=True)
class Own:
    """Who the bot is, to know when it is spoken to in a group."""

    inbox: str
    id: int
    username: str | None = None


def decode(body: bytes | str) -> object:
    """Read JSON as Telegram writes it; NaN and Infinity become None.

    Raises:
        ValueError: not JSON, or nested or numbered beyond reason.
    """
    try:
        found: object = json.loads(body, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found


def read(update: object, own: Own, now: datetime) -> Reception:
    """Translate one update; what cannot be understood is quarantined, never raised."""
    try:
        message = translate(update, own, now)
    except ValidationError as error:
        reason = _reason(error)
    except Exception as error:  # noqa: BLE001 - one hostile update must never stop the rest
        reason = type(error).__name__
    else:
        return Reception(() if message is None else (message,))
    return unreadable(_written(update), reason, update_id_of(update))


def unreadable(raw: str, reason: str, update_id: int | None = None) -> Reception:
    """Set aside what nobody can read; the same call gets the same key."""
    if update_id is not None:
        key = f"update:{update_id}"
    else:
        key = "body:" + hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return Reception(quarantined=(Quarantined(key, reason, str(clean(raw))),))


def update_id_of(update: object) -> int | None:
    """Return the update's number, or None if it has none."""
    try:
        return Update.model_validate(update).update_id
    except ValidationError:
        return None


def callback_of(update: object) -> str | None:
    """Return the id under which a tap wants to be acknowledged, if this is one."""
    query = update.get("callback_query") if isinstance(update, dict) else None
    found = query.get("id") if isinstance(query, dict) else None
    return found if isinstance(found, str) and found.isalnum() and found.isascii() else None


def move_of(update: object) -> tuple[int, int] | None:
    """Return which chat became which, if that is what an update tells."""
    raw = update.get("message") if isinstance(update, dict) else None
    try:
        message = Message.model_validate(raw)
    except ValidationError:
        return None
    if message.migrate_to_chat_id is not None:
        return message.chat.id, message.migrate_to_chat_id
    if message.migrate_from_chat_id is not None:
        return message.migrate_from_chat_id, message.chat.id
    return None


def translate(update: object, own: Own, now: datetime) -> IncomingMessage | None:
    """Return what the customer did, or None if it is not for us.

    Raises:
        ValidationError: something indispensable is missing.
    """
    number = Update.model_validate(update).update_id
    assert isinstance(update, dict)  # noqa: S101 - it has just been validated as one
    key = f"update:{number}"
    for kind, body in update.items():
        if kind == "update_id" or not isinstance(body, dict):
            continue
        match kind:
            case "message":
                return _message(body, own, key)
            case "edited_message":
                return _message(body, own, key, edited=True)
            case "callback_query":
                return _tap(CallbackQuery.model_validate(body), own, key, now)
            case "my_chat_member":
                return _membership(MemberUpdate.model_validate(body), own, key)
            case _:
                return _other(kind, Placed.model_validate(body), own, key, now)
    raise ValueError("an update without content")


def _message(raw: Raw, own: Own, key: str, *, edited: bool = False) -> IncomingMessage | None:
    message = Message.model_validate(raw)
    sender = message.sender
    if sender is None or sender.is_bot or (edited and message.location):
        return None  # somebody's live location goes on moving: the first one is enough
    address = _address(message, sender, own)
    if address is None:
        return None
    number = str(message.message_id)
    moment = message.edit_date if edited and message.edit_date else message.date
    return IncomingMessage(
        address=address,
        dedupe_key=key,
        sent_at=_at(moment),
        parts=tuple(parts_of(message, raw, own.username)),
        contact_name=sender.name,
        language=sender.language_code,
        platform_id=number,
        reply_to=str(message.reply_to_message.message_id) if message.reply_to_message else None,
        replaces=number if edited else None,
        album=None if edited else message.media_group_id,
    )


def _address(message: Message, sender: User, own: Own) -> Address | None:
    """Return where to answer; in a group, only those who speak to us have an address."""
    chat = message.chat
    if chat.type == "private":
        return Address(inbox=own.inbox, thread=str(chat.id), contact=str(sender.id))
    if chat.type not in ("group", "supergroup") or not _is_addressed(message, own):
        return None
    return Address(
        inbox=own.inbox,
        thread=f"{chat.id}:{sender.id}",
        contact=str(sender.id),
        visibility=Visibility.PUBLIC,
    )


def _is_addressed(message: Message, own: Own) -> bool:
    answered = message.reply_to_message
    if answered and answered.sender and answered.sender.id == own.id:
        return True
    words = message.text or message.caption or ""
    return own.username is not None and is_named(own.username, words)


def _tap(query: CallbackQuery, own: Own, key: str, now: datetime) -> IncomingMessage | None:
    asked = query.message
    if query.sender.is_bot:
        return None
    if asked is None or asked.chat.type == "private":
        thread, visibility = str(query.sender.id), Visibility.PRIVATE
    else:
        thread, visibility = f"{asked.chat.id}:{query.sender.id}", Visibility.PUBLIC
    part: Part = Unsupported(platform_kind="callback_query")
    if query.data:
        part = Selection(value=query.data, label=_label(asked, query.data))
    return IncomingMessage(
        address=Address(
            inbox=own.inbox,
            thread=thread,
            contact=str(query.sender.id),
            visibility=visibility,
        ),
        dedupe_key=key,
        sent_at=now,
        parts=(part,),
        contact_name=query.sender.name,
        language=query.sender.language_code,
        reply_to=str(asked.message_id) if asked else None,
    )


def _label(asked: Message | None, data: str) -> str | None:
    rows = asked.reply_markup.inline_keyboard if asked and asked.reply_markup else None
    for row in rows or ():
        for button in row or ():
            if button and button.callback_data == data:
                return button.text
    return None


def _membership(update: MemberUpdate, own: Own, key: str) -> IncomingMessage | None:
    if update.chat.type != "private":
        return None
    status = update.new_chat_member.status
    part: Part
    if status == "kicked":
        part = ContactEvent(event="blocked")
    elif status == "member":
        part = ContactEvent(event="followed")
    else:
        part = Unsupported(platform_kind="my_chat_member")
    return _plain(own, key, update.sender, update.date, part)


def _other(kind: str, body: Placed, own: Own, key: str, now: datetime) -> IncomingMessage | None:
    """Show a kind we do not know, if it is a person's in a private chat."""
    who = body.sender or body.user
    if who is None or who.is_bot or body.chat is None or body.chat.type != "private":
        return None
    date = body.date if body.date is not None else int(now.timestamp())
    return _plain(own, key, who, date, Unsupported(platform_kind=kind[:64]))


def _plain(own: Own, key: str, who: User, date: int, part: Part) -> IncomingMessage:
    return IncomingMessage(
        address=Address(inbox=own.inbox, thread=str(who.id), contact=str(who.id)),
        dedupe_key=key,
        sent_at=_at(date),
        parts=(part,),
        contact_name=who.name,
        language=who.language_code,
    )


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _written(update: object) -> str:
    try:
        return json.dumps(update, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "nested or numbered beyond reason"


def _reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]
