"""From our words to what WeChat takes: API bodies for active replies, XML for passive ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from wechatpy.replies import ArticlesReply, TextReply

from channels.message import Card, Choice, Choices, OutgoingMessage, Part, Text
from channels.tencent import menu
from channels.tencent.menu import NOTHING, TEXT_LIMIT, Body
from channels.tencent.notices import filled
from channels.text import plain, split
from channels.wechat.config import OfficialNotice

TEMPLATE = "/cgi-bin/message/template/send"
SUBSCRIPTION = "/cgi-bin/message/subscribe/bizsend"
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def bodies(parts: Sequence[Part], uploaded: Mapping[str, str] = NOTHING) -> tuple[Body, ...]:
    """Return `parts` in as few messages as possible, since the platform counts them.

    `uploaded` has WeChat's ids of the files among them, by their refs.
    """
    return tuple(menu.bodies(parts, _item, uploaded, _news))


def notice(approved: OfficialNotice, now: datetime) -> tuple[str, Body]:
    """Return where an approved notice is posted to, and as what."""
    body = filled(approved, now)
    if approved.kind == "subscription":
        return SUBSCRIPTION, {**body, **({"page": approved.page} if approved.page else {})}
    return TEMPLATE, {**body, **({"url": approved.page} if approved.page else {})}


def has_menu(parts: Sequence[Part]) -> bool:
    """Say whether there is something to tap in it, which a passive reply cannot hold."""
    return any(isinstance(part, Choices) and menu.is_menu(part) for part in parts)


def has_cards(parts: Sequence[Part]) -> bool:
    """Say whether there is a card in it."""
    return any(isinstance(part, Card) for part in parts)


def _news(card: Card) -> Body:
    return {"msgtype": "news", "news": {"articles": [_article(card, "picurl")]}}


def _article(card: Card, picture: str) -> dict[str, str]:
    told = {"title": card.title, "description": card.description or "", "url": card.url}
    return {**told, picture: card.picture or ""}


def _item(option: Choice) -> dict[str, str]:
    return {"id": option.value, "content": option.label}


def fit(message: OutgoingMessage) -> tuple[OutgoingMessage, OutgoingMessage | None]:
    """Split `message` into what one passive reply holds, and the rest; a card only alone."""
    words = plain(message.parts).strip()
    pieces = split(words, TEXT_LIMIT, "bytes")
    if len(pieces) <= 1:
        return message, None
    rest = words[len(pieces[0]) :].lstrip()
    return _saying(message, pieces[0]), _saying(message, rest)


def _saying(message: OutgoingMessage, words: str) -> OutgoingMessage:
    return message.model_copy(update={"parts": (Text(text=words),)})


def reply(message: OutgoingMessage, account: str, now: datetime) -> str:
    """Return the XML of a passive reply from `account`; empty when there is nothing to say."""
    words = plain(message.parts).strip()
    if not words:
        return ""
    head = {
        "source": _inside(account),
        "target": _inside(message.address.contact),
        "time": int(now.timestamp()),
    }
    match message.parts:
        case (Card() as card,):
            told = {key: _inside(value) for key, value in _article(card, "image").items()}
            rendered: str = ArticlesReply(articles=[told], **head).render()
        case _:
            rendered = TextReply(content=_inside(words), **head).render()
    return rendered


def _inside(text: str) -> str:
    """Make `text` safe within CDATA, which wechatpy does not; drop what XML cannot hold."""
    return _ILLEGAL.sub("", text).replace("]]>", "]]]]><![CDATA[>")
