"""What the simulated platforms push about subscription messages, in XML and in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Item = Mapping[str, str]
TAGS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


def with_items(content: str, event: str, items: Sequence[Item]) -> str:
    """Return a push with what it says of each template."""
    if content.startswith("{"):
        return json.dumps({**json.loads(content), "List": list(items)}, ensure_ascii=False)
    rows = "".join(f"<List>{_leaves(item)}</List>" for item in items)
    tag = TAGS[event]
    return content.replace("</xml>", f"<{tag}>{rows}</{tag}></xml>")


def choice(template: str, *, agrees: bool) -> Item:
    """Return what a customer says of a template."""
    told = "accept" if agrees else "reject"
    return {"TemplateId": template, "SubscribeStatusString": told, "PopupScene": "0"}


def outcome(template: str, number: str, code: str, status: str) -> Item:
    """Return what became of a message."""
    told = {"TemplateId": template, "MsgID": number}
    return {**told, "ErrorCode": code, "ErrorStatus": status}


def _leaves(item: Item) -> str:
    return "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in item.items())
