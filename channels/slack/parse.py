"""From Slack's events, taps and commands to what a customer did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from channels.message import (
    ContactEvent,
    IncomingMessage,
    Media,
    Part,
    Selection,
    Text,
    Unsupported,
)
from channels.slack.markup import mentions, plain
from channels.slack.place import DIRECT, Account, Envelope, Place
from channels.slack.shape import Tree, branch, moment, needed, number, twigs, word

Messages = tuple[IncomingMessage, ...]

SLACKBOT = "USLACKBOT"
SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message", "bot_message"})
"""The subtypes of `message` in which somebody says something."""

NOTICES = ("channel_", "group_", "assistant_", "bot_add", "bot_remove", "huddle_", "pinned_")
"""How the subtypes begin in which Slack itself says something."""

MEDIA: dict[str, Literal["image", "voice", "video"]] = {
    "image": "image",
    "audio": "voice",
    "video": "video",
}


def read(body: Tree, account: Account, now: datetime) -> Messages:
    """Return what customers did in one call of Slack's; most calls hold nothing for us.

    Raises:
        Unreadable: it should hold something, but lacks what is needed to answer.
    """
    if "command" in body:
        return _command(body, account, now)
    match word(body, "type"):
        case "event_callback":
            return _event(body, account, now)
        case "block_actions":
            return _taps(body, account, now)
        case _:
            return ()


def _event(body: Tree, account: Account, now: datetime) -> Messages:
    event = branch(body, "event")
    if (reader := EVENTS.get(word(event, "type"))) is None:
        return ()
    bots = (each for each in twigs(body, "authorizations") if each.get("is_bot") is True)
    own = account.own.union(filter(None, (word(bot, "user_id") for bot in bots)))
    envelope = Envelope(
        account=Account(account.inbox, own, account.allowed_bots),
        team=needed(body, "team_id"),
        event_id=needed(body, "event_id"),
        event=event,
        now=now,
    )
    return reader(envelope)


def _message(envelope: Envelope) -> Messages:
    event = envelope.event
    subtype = word(event, "subtype")
    if subtype == "message_changed":
        return _changed(envelope)
    if subtype == "message_deleted":
        return _deleted(envelope, word(event, "deleted_ts"))
    if subtype.startswith(NOTICES):
        return ()
    if not _is_direct(event) and not _is_called(event, envelope.account):
        return ()
    return _said(envelope)


def _said(envelope: Envelope) -> Messages:
    event, account = envelope.event, envelope.account
    if _is_bot(event, account):
        return ()
    place = _place(envelope, event)
    return (
        IncomingMessage(
            address=place.address(account.inbox),
            # A mention in a channel comes twice, as `message` and as `app_mention`.
            dedupe_key=f"msg:{place.team}:{place.channel}:{place.ts}",
            sent_at=moment(place.ts, envelope.now),
            parts=_parts(event, account),
            platform_id=place.ts,
        ),
    )


def _changed(envelope: Envelope) -> Messages:
    event, account = envelope.event, envelope.account
    message, before = branch(event, "message"), branch(event, "previous_message")
    if word(message, "subtype") == "tombstone":
        return _deleted(envelope, word(message, "ts"))
    # Slack also changes messages by itself, for example to add the preview of a link.
    if word(message, "text") == word(before, "text") or _is_bot(message, account):
        return ()
    if not _is_direct(event) and not _is_called(message, account):
        return ()
    place = _place(envelope, message)
    return (
        IncomingMessage(
            address=place.address(account.inbox),
            dedupe_key=envelope.key,
            sent_at=moment(word(event, "ts"), envelope.now),
            parts=_parts(message, account),
            replaces=place.ts,
        ),
    )


def _deleted(envelope: Envelope, ts: str) -> Messages:
    event, account = envelope.event, envelope.account
    before = branch(event, "previous_message")
    if not before or _is_bot(before, account):
        return ()
    if not _is_direct(event) and not _is_called(before, account):
        return ()
    place = _place(envelope, before)
    return (
        IncomingMessage(
            address=place.address(account.inbox),
            dedupe_key=envelope.key,
            sent_at=moment(word(event, "ts"), envelope.now),
            parts=(ContactEvent(event="recalled", context=ts or None),),
            replaces=ts or None,
        ),
    )


def _opened(envelope: Envelope) -> Messages:
    event = envelope.event
    place = Place(envelope.team, needed(event, "channel"), needed(event, "user"))
    return (
        IncomingMessage(
            address=place.address(envelope.account.inbox),
            dedupe_key=envelope.key,
            sent_at=moment(word(event, "event_ts"), envelope.now),
            parts=(ContactEvent(event="opened", context=word(event, "tab") or None),),
        ),
    )


def _taps(body: Tree, account: Account, now: datetime) -> Messages:
    container, user = branch(body, "container"), needed(body, "user", "id")
    shown = word(container, "message_ts") or word(body, "message", "ts")
    place = Place(
        team=word(body, "team", "id") or needed(body, "user", "team_id"),
        # What was tapped on the app's own page is answered in the direct conversation.
        channel=word(container, "channel_id") or word(body, "channel", "id") or user,
        user=user,
        ts=shown,
        thread_ts=word(body, "message", "thread_ts") or word(container, "thread_ts"),
    )
    return tuple(_tap(action, place, body, account, now) for action in twigs(body, "actions"))


def _tap(
    action: Tree, place: Place, body: Tree, account: Account, now: datetime
) -> IncomingMessage:
    tapped_at, action_id = needed(action, "action_ts"), word(action, "action_id")
    chosen = branch(action, "selected_option") or action
    value = word(chosen, "value")
    part = (
        Selection(value=value, label=word(chosen, "text", "text") or None)
        if value
        else Unsupported(platform_kind=word(action, "type") or "action")
    )
    return IncomingMessage(
        address=place.address(account.inbox),
        dedupe_key=f"action:{tapped_at}:{place.team}:{place.user}:{action_id}",
        sent_at=moment(tapped_at, now),
        parts=(part,),
        contact_name=word(body, "user", "name") or None,
        reply_to=place.ts or None,
    )


def _command(body: Tree, account: Account, now: datetime) -> Messages:
    user, channel = needed(body, "user_id"), word(body, "channel_id")
    # Only the customer sees their command, so nobody else should see the answer.
    direct = channel if channel.startswith(DIRECT) else user
    place = Place(needed(body, "team_id"), direct, user)
    return (
        IncomingMessage(
            address=place.address(account.inbox),
            dedupe_key=f"command:{needed(body, 'trigger_id')}",
            sent_at=now,
            parts=(Text(text=plain(word(body, "text")) or needed(body, "command")),),
            contact_name=word(body, "user_name") or None,
        ),
    )


def _place(envelope: Envelope, message: Tree) -> Place:
    return Place(
        team=envelope.team,
        channel=needed(envelope.event, "channel"),
        user=word(message, "user") or needed(message, "bot_id"),
        ts=needed(message, "ts"),
        thread_ts=word(message, "thread_ts"),
    )


def _is_direct(event: Tree) -> bool:
    return word(event, "channel_type") == "im" or word(event, "channel").startswith(DIRECT)


def _is_called(message: Tree, account: Account) -> bool:
    return mentions(word(message, "text"), account.own)


def _is_bot(message: Tree, account: Account) -> bool:
    """Is this ours, or another program's that may not speak here?"""
    names = {word(message, name) for name in ("user", "bot_id", "app_id")}
    if names & account.own or word(message, "user") == SLACKBOT:
        return True
    is_program = bool(word(message, "bot_id")) or word(message, "subtype") == "bot_message"
    return is_program and not names & account.allowed_bots


def _parts(message: Tree, account: Account) -> tuple[Part, ...]:
    said, subtype = word(message, "text"), word(message, "subtype")
    text = plain(said, hidden=account.own)
    parts: list[Part] = [Text(text=text)] if text else []
    parts += [_file(each) for each in twigs(message, "files")]
    if parts and subtype in SPOKEN:
        return tuple(parts)
    if said and not subtype:
        return (ContactEvent(event="opened", context="mention"),)
    return (*parts, Unsupported(platform_kind=subtype or "message"))


def _file(file: Tree) -> Part:
    ref = word(file, "url_private_download") or word(file, "url_private") or word(file, "id")
    if not ref:
        return Unsupported(platform_kind="file")
    return Media(
        kind=MEDIA.get(word(file, "mimetype").partition("/")[0], "file"),
        ref=ref,
        name=word(file, "name") or None,
        size=number(file, "size"),
    )


EVENTS: dict[str, Callable[[Envelope], Messages]] = {
    "message": _message,
    "app_mention": _said,
    "app_home_opened": _opened,
}
