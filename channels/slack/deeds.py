"""From taps, commands and forms on Slack to what a customer did."""

from __future__ import annotations

from datetime import datetime

from channels.message import IncomingMessage, Part, Selection, Text, Unsupported
from channels.sheets import Blank, Sheet
from channels.slack.markup import plain
from channels.slack.place import DIRECT, Account, Place, team_of
from channels.slack.shape import Tree, Unreadable, branch, moment, needed, twigs, word

ASKING = frozenset({"ask", "问"})
"""What may stand before a question that is asked by a command."""


def taps(body: Tree, account: Account, now: datetime) -> tuple[IncomingMessage, ...]:
    """Return what was tapped in one call."""
    place = place_of_tap(body)
    return tuple(_tap(action, place, body, account, now) for action in twigs(body, "actions"))


def place_of_tap(body: Tree) -> Place:
    """Return where somebody tapped."""
    container, user = branch(body, "container"), needed(body, "user", "id")
    channel = word(container, "channel_id") or word(body, "channel", "id")
    team, home = team_of(body), word(body, "user", "team_id")
    foreign = home and home != word(body, "team", "id") and not word(body, "enterprise", "id")
    # What only one person sees is answered so; and so is what was tapped on the app's own page.
    if not channel or container.get("is_ephemeral") is True:
        return Place(team, user, user, home=home if foreign else "")
    return Place(
        team=team,
        channel=channel,
        user=user,
        ts=word(container, "message_ts") or word(body, "message", "ts"),
        thread_ts=word(body, "message", "thread_ts") or word(container, "thread_ts"),
        home=home if foreign else "",
    )


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


def command(body: Tree, account: Account, now: datetime) -> tuple[IncomingMessage, ...]:
    """Return what was asked by a slash command; nothing if it asked nothing."""
    if not (asked := question(body)):
        return ()
    return (
        IncomingMessage(
            address=place_of_command(body).address(account.inbox),
            dedupe_key=f"command:{needed(body, 'trigger_id')}",
            sent_at=now,
            parts=(Text(text=asked),),
            contact_name=word(body, "user_name") or None,
        ),
    )


def question(body: Tree) -> str:
    """Return what a command asks, without the word for asking."""
    said = plain(word(body, "text"))
    first, _, rest = said.partition(" ")
    said = rest.strip() if first.casefold() in ASKING else said
    return "" if said.casefold() in ("help", "?", "帮助") else said


def place_of_command(body: Tree) -> Place:
    """Return where a command is answered: only its customer sees it, so nobody else sees more."""
    user, channel = needed(body, "user_id"), word(body, "channel_id")
    return Place(team_of(body), channel if channel.startswith(DIRECT) else user, user)


def handed_in(body: Tree, account: Account, now: datetime) -> tuple[IncomingMessage, ...]:
    """Return a form as one message.

    Raises:
        Unreadable: nobody knows this form (any more).
    """
    sheet, user = sheet_of(body, account.sheets), needed(body, "user", "id")
    channel, _, thread_ts = word(body, "view", "private_metadata").partition(":")
    back = (channel, thread_ts) if channel.startswith(DIRECT) else (user, "")
    place = Place(team_of(body), back[0], user, thread_ts=back[1])
    parts = [_answer(blank, body) for blank in sheet.blanks]
    return (
        IncomingMessage(
            address=place.address(account.inbox),
            # One that is handed in again, because our answer was lost, is still the same view.
            dedupe_key=f"view:{needed(body, 'view', 'id')}",
            sent_at=now,
            parts=(Selection(value=sheet.name, label=sheet.title), *parts),
            contact_name=word(body, "user", "name") or None,
        ),
    )


def wrong_with(body: Tree, sheets: tuple[Sheet, ...]) -> dict[str, str]:
    """Return what is to be said below the blanks of a form that was not filled in rightly.

    Raises:
        Unreadable: nobody knows this form (any more).
    """
    return {
        blank.name: blank.wanting
        for blank in sheet_of(body, sheets).blanks
        if blank.skip is None
        and not _chosen(blank, body)
        and (blank.options or len(_written(blank, body)) < blank.shortest)
    }


def sheet_of(body: Tree, sheets: tuple[Sheet, ...]) -> Sheet:
    """Return the sheet of a form that was handed in.

    Raises:
        Unreadable: nobody knows it (any more).
    """
    name, _, language = word(body, "view", "callback_id").rpartition("@")
    for sheet in sheets:
        if (sheet.name, sheet.language) == (name, language):
            return sheet
    raise Unreadable("a form that nobody knows")


def _answer(blank: Blank, body: Tree) -> Part:
    if blank.options:
        choice = next((one for one in blank.options if one.value == _chosen(blank, body)), None)
        choice = choice or blank.skip
    else:
        choice = None if _written(blank, body) else blank.skip
    if choice is not None:
        return Selection(value=choice.value, label=choice.label)
    return Text(text=_written(blank, body)[: blank.longest])


def _written(blank: Blank, body: Tree) -> str:
    return word(body, "view", "state", "values", blank.name, "said", "value").strip()


def _chosen(blank: Blank, body: Tree) -> str:
    found = word(body, "view", "state", "values", blank.name, "said", "selected_option", "value")
    return found if found in {option.value for option in blank.options} else ""
