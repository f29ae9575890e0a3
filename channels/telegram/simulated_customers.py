"""What Telegram's customers do, as the updates that tell of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from channels.base import Clock
from channels.files import Kind
from channels.simulation import Push, Seen
from channels.simulation import Simulator as Simulated
from channels.telegram.simulated_files import Cabinet

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
SUPERGROUP = -1_000_000_000_000
Raw = dict[str, Any]


class Customers(Simulated):
    """People who write, tap, block and meet in groups; each deed returns its update."""

    channel = "telegram"
    can_be_stale = False

    def __init__(self, inbox: str, clock: Clock) -> None:
        super().__init__(inbox, clock)
        digest = hashlib.sha256(inbox.encode())
        self.bot_id = 7_000_000_000 + int.from_bytes(digest.digest()[:3], "big")
        self.token = f"{self.bot_id}:AA{digest.hexdigest()[:33]}"
        self.secret = digest.hexdigest()[33:]
        self.username = f"{inbox}_bot"
        self.blocked: set[str] = set()
        self.taps: set[str] = set()
        """The taps that can be acknowledged."""
        self.moved: dict[int, int] = {}
        """Which groups became which supergroups."""
        self._names: dict[int, str] = {}
        self._groups: dict[str, int] = {}
        self._updates = int(clock().timestamp()) * 100  # above those of an earlier run
        self._messages = 0
        self._cabinet = Cabinet()

    def say(self, contact: str, text: str) -> Push:
        """Return the update of a customer's text."""
        return self._push(contact, message={**self._envelope(contact), "text": text})

    def attach(self, contact: str, kind: Kind, content: bytes, name: str | None = None) -> Push:
        """Return the update of a customer's file."""
        file = self._cabinet.keep(kind, content, name)
        return self._push(contact, message={**self._envelope(contact), **file})

    def album(self, contact: str, pictures: Sequence[bytes], caption: str = "") -> list[Push]:
        """Return the updates of pictures that a customer sent at once; the first has the words."""
        name = f"1{self._messages:09}"
        kept = [self._cabinet.keep("image", picture, None) for picture in pictures]
        if caption:
            kept[0]["caption"] = caption
        return [
            self._push(contact, message={**self._envelope(contact), **file, "media_group_id": name})
            for file in kept
        ]

    def say_in(self, group: str, contact: str, text: str, answers: Seen | None = None) -> Push:
        """Return the update of a text in a group, perhaps as a reply to what we said there."""
        message = {**self._envelope(contact), "chat": self._group(group), "text": text}
        if answers is not None:
            ours = {"message_id": int(answers.platform_id or 0), "from": self._me()}
            message["reply_to_message"] = {**self._envelope(contact), **ours}
        return self._push(contact, message=message)

    def upgrade(self, group: str, contact: str) -> list[Push]:
        """Let a group become a supergroup, and return what is told in both."""
        before = self._group(group)
        number = SUPERGROUP - 1_000_000 + before["id"]
        self.moved[before["id"]], self._groups[group] = number, number
        then = {"chat": before, "migrate_to_chat_id": number}
        now = {"chat": self._group(group), "migrate_from_chat_id": before["id"]}
        return [self._push(contact, message={**self._envelope(contact), **m}) for m in (then, now)]

    def forget_files(self) -> None:
        """Lose every file that customers sent."""
        self._cabinet.forget()

    def start(self, contact: str, payload: str = "") -> Push:
        """Return the update of somebody who pressed Start, perhaps after a deep link."""
        return self.say(contact, f"/start {payload}".strip())

    def edit(self, contact: str, message_id: int, text: str) -> Push:
        """Return the update of a customer who changed what was said."""
        changed = {**self._envelope(contact), "message_id": message_id, "text": text}
        return self._push(contact, edited_message={**changed, "edit_date": changed["date"]})

    def tap(self, seen: Seen, option: int) -> Push:
        """Return the update of a tapped button; without buttons, of its number as text."""
        if not seen.options:
            return self.say(seen.contact, str(option + 1))
        asked = {
            **self._envelope(seen.contact),
            "message_id": int(seen.platform_id or 0),
            "from": self._me(),
            "text": seen.text,
            "reply_markup": _keyboard(seen.options),
        }
        if seen.contact in self._groups:
            asked["chat"] = self._group(seen.contact)
        tap = f"4{self._updates}"
        self.taps.add(tap)
        query = {
            "id": tap,
            "from": self._person(seen.contact),
            "chat_instance": "-1",
            "message": asked,
            "data": seen.options[option][0],
        }
        return self._push(seen.contact, callback_query=query)

    def block(self, contact: str) -> Push:
        """Let a customer block the bot, and return the update that says so."""
        self.blocked.add(contact)
        return self._member(contact, "member", "kicked")

    def unblock(self, contact: str) -> Push:
        """Let a customer come back, and return the update that says so."""
        self.blocked.discard(contact)
        return self._member(contact, "kicked", "member")

    def garbage(self, contact: str) -> Push:
        """Return an update that no version of us can read."""
        return self._push(contact, message={"message_id": "x", "chat": 5, "gift": {"id": None}})

    def forged(self, contact: str, text: str) -> Push:
        """Return an update with a guessed secret."""
        push = self.say(contact, text)
        return push.changed(headers={**push.headers, SECRET_HEADER: "guessed"})

    def _push(self, contact: str, **content: Raw) -> Push:
        self._updates += 1
        update = {"update_id": self._updates, **content}
        return Push(
            contact,
            headers={"content-type": "application/json", SECRET_HEADER: self.secret},
            body=json.dumps(update, ensure_ascii=False).encode(),
        )

    def _member(self, contact: str, before: str, after: str) -> Push:
        changed = {
            "chat": self._chat(contact),
            "from": self._person(contact),
            "date": int(self.clock().timestamp()),
            "old_chat_member": {"user": self._me(), "status": before},
            "new_chat_member": {"user": self._me(), "status": after},
        }
        return self._push(contact, my_chat_member=changed)

    def _envelope(self, contact: str) -> Raw:
        self._messages += 1
        return {
            "message_id": self._messages,
            "from": self._person(contact),
            "chat": self._chat(contact),
            "date": int(self.clock().timestamp()),
        }

    def _number(self, contact: str) -> int:
        if contact.isascii() and contact.isdigit():
            number = int(contact)
        else:
            number = 10**12 + int.from_bytes(hashlib.sha256(contact.encode()).digest()[:4], "big")
        self._names[number] = contact
        return number

    def _person(self, contact: str) -> Raw:
        return {
            "id": self._number(contact),
            "is_bot": False,
            "first_name": contact,
            "language_code": "zh-hans",
        }

    def _chat(self, contact: str) -> Raw:
        return {"id": self._number(contact), "first_name": contact, "type": "private"}

    def _group(self, group: str) -> Raw:
        number = self._groups.setdefault(group, -1001 - len(self._groups))
        self._names[number] = group
        kind = "supergroup" if number < SUPERGROUP else "group"
        return {"id": number, "title": group, "type": kind}

    def _me(self) -> Raw:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "Bot",
            "username": self.username,
        }


def _keyboard(options: tuple[tuple[str, str], ...]) -> Raw:
    return {"inline_keyboard": [[{"text": label, "callback_data": v}] for v, label in options]}
