"""Subscription messages: who agreed to one or takes it back, and what became of one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from channels.base import Bounced, Memory
from channels.errors import Refused
from channels.message import ContactEvent, Part
from channels.tencent import leaves
from channels.tencent.leaves import Fields, short
from channels.tencent.notices import delivery_of
from channels.tencent.settings import Approved

SENT = "subscribe_msg_sent_event"
AGREEMENTS = frozenset({"subscribe_msg_popup_event", "subscribe_msg_change_event"})
"""A customer answered when they were asked, or changed their mind in the account's settings."""
NOTICES = AGREEMENTS | {SENT}

MOST = 50
"""Templates of one push that are looked at; a customer is asked for three at a time."""
LONGEST = 64
"""Characters that we repeat of a reason."""
Items = Sequence[Fields]


def labels(notices: Mapping[str, Approved]) -> Mapping[str, str]:
    """Return what people read of each notice, by its template."""
    return {notice.template_id: notice.label for notice in notices.values()}


def items_of(content: str) -> Items:
    """Return what a push says of each template, from XML or JSON that was read before."""
    found = _from_json(content) if content.lstrip().startswith("{") else leaves.listed(content)
    return [item for item in found if item.get("TemplateId")][:MOST]


def agreements(items: Items, known: Mapping[str, str]) -> tuple[Part, ...]:
    """Return what a customer agreed to and what not, as events; `known` has the notices' labels."""
    return tuple(
        ContactEvent(
            event="agreed" if item.get("SubscribeStatusString") == "accept" else "declined",
            context=known.get(item["TemplateId"]) or short(item["TemplateId"]),
        )
        for item in items
    )


async def results(memory: Memory, items: Items) -> tuple[Bounced, ...]:
    """Return which notices of ours did not arrive."""
    lost = []
    for item in items:
        delivery_id = await delivery_of(memory, short(item.get("MsgID", "")))
        code, status = item.get("ErrorCode", "0"), item.get("ErrorStatus", "")
        if delivery_id is not None and code != "0":
            told = f"WeChat says that the notice did not arrive: {status[:LONGEST]} ({code[:12]})"
            lost.append(Bounced(delivery_id, Refused(told)))
    return tuple(lost)


def _from_json(content: str) -> list[dict[str, str]]:
    """Return the objects under `List`, or under the event's own name: both are seen."""
    whole = json.loads(content).values()
    inner = [value.get("List", value) if isinstance(value, dict) else value for value in whole]
    items = [item for each in inner for item in (each if isinstance(each, list) else [each])]
    return [
        {key: str(value) for key, value in item.items() if isinstance(value, str | int)}
        for item in items
        if isinstance(item, dict)
    ]
