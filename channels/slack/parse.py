"""From Slack's events to what a customer did; `deeds` reads everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal

from channels.message import (
    ContactEvent,
    IncomingMessage,
    Media,
    Part,
    Text,
    Unsupported,
)
from channels.slack import deeds
from channels.slack.markup import mentions, plain
from channels.slack.place import DIRECT, Account, Envelope, Place, team_of
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
        return deeds.command(body, account, now)
    match word(body, "type"):
        case "event_callback":
            return _event(body, account, now)
        case "block_actions":
            return deeds.taps(body, account, now)
        case "view_submission":
            return deeds.handed_in(body, account, now)
        case _:
            return ()


def _event(body: Tree, account: Account, now: datetime) -> Messages:
    event = branch(body, "event")
    if (reader := EVENTS.get(word(event, "type"))) is None:
        return ()
    bots = (each for each in twigs(body, "authorizations") if each.get("is_bot") is True)
    own = account.own.union(filter(None, (word(bot, "user_id") for bot in bots)))
    envelope = Envelope(
        account=replace(account, own=own),
        team=team_of(body),
        shared=body.get("is_ext_shared_channel") is True,
        event_id=needed(body, "event_id"),
        event=event,
        teams=frozenset({team_of(body), word(body, "team_id"), word(body, "enterprise_id")}),
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


def _place(envelope: Envelope, message: Tree) -> Place:
    return Place(
        team=envelope.team,
        channel=needed(envelope.event, "channel"),
        user=word(message, "user") or needed(message, "bot_id"),
        ts=needed(message, "ts"),
        thread_ts=word(message, "thread_ts"),
        home=_home(envelope, message),
    )


def _home(envelope: Envelope, message: Tree) -> str:
    """Return the workspace of who wrote, if the channel is shared with it and it is not ours."""
    home = word(message, "user_team") or word(message, "source_team")
    return "" if not envelope.shared or home in envelope.teams else home


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
    if file.get("is_external") is True:
        # It lies with another service, which does not know our token.
        named = (word(file, "title") or word(file, "name"), word(file, "url_private"))
        return Text(text=" ".join(filter(None, named)) or word(file, "id"))
    ref = word(file, "url_private_download") or word(file, "url_private") or word(file, "id")
    if not ref:
        return Unsupported(platform_kind="file")
    is_clip = word(file, "subtype") == "slack_audio"
    return Media(
        kind="voice" if is_clip else MEDIA.get(word(file, "mimetype").partition("/")[0], "file"),
        ref=ref,
        name=word(file, "name") or None,
        size=number(file, "size"),
    )


EVENTS: dict[str, Callable[[Envelope], Messages]] = {
    "message": _message,
    "app_mention": _said,
    "app_home_opened": _opened,
}
