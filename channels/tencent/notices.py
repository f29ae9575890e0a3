"""What an account may still say when the reply window is closed: approved templates, filled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from channels.base import Bounced, Memory, Sent
from channels.errors import Blocked, ChannelError, Refused
from channels.message import Notice, OutgoingMessage
from channels.tencent.leaves import Fields, short
from channels.tencent.settings import Approved
from channels.tencent.weixin import Api

log = structlog.get_logger(__name__)

THERE = ZoneInfo("Asia/Shanghai")
"""Where the platform and its customers read the time."""
REMEMBERED = timedelta(days=1)
"""How long it is known which delivery a result belongs to; results come within minutes."""
ARRIVED = "success"
REASONS: Mapping[str, ChannelError] = {
    "failed:user block": Blocked("the customer refuses template messages"),
    "failed: system failed": Refused("the platform failed to bring the template message"),
}
"""What a result says of a notice that was taken (TEMPLATESENDJOBFINISH)."""


def notice_in(message: OutgoingMessage) -> Notice | None:
    """Return the notice in a message, None where it is something else."""
    return next((part for part in message.parts if isinstance(part, Notice)), None)


def labels(notices: Mapping[str, Approved]) -> dict[str, str]:
    """Return what people read of each notice."""
    return {name: notice.label for name, notice in notices.items()}


def filled(notice: Approved, now: datetime) -> dict[str, Any]:
    """Return a template's fields as the platform takes them."""
    time = f"{now.astimezone(THERE):%Y-%m-%d %H:%M}"
    return {
        "template_id": notice.template_id,
        "data": {
            field: {"value": value.replace("{time}", time)} for field, value in notice.data.items()
        },
    }


async def post(
    api: Api, memory: Memory, path: str, body: Mapping[str, Any], message: OutgoingMessage
) -> Sent:
    """Send a notice; it counts for no reply window, and a result of it leads back to it.

    Raises:
        Refused: also where the customer has not agreed to it, which says nothing of replies.
        ChannelError: it was not taken, or nobody knows.
    """
    try:
        answer = await api.post(path, {"touser": message.address.contact, **body})
    except Blocked as error:
        raise Refused(f"the customer has not agreed to this notice, or no more: {error}") from error
    number = answer.get("msgid")
    if not isinstance(number, int | str) or isinstance(number, bool):
        return Sent(pieces=0)
    try:
        await memory.set(_key(str(number)), message.delivery_id, REMEMBERED)
    except ChannelError as problem:
        # It is sent: this error would have it sent once more.
        log.warning("should a notice not arrive, nobody will hear of it", problem=problem)
    return Sent(str(number), pieces=0)


async def result(memory: Memory, fields: Fields) -> Bounced | None:
    """Return what the result of a notice says, None where it arrived or is none of ours."""
    status = fields.get("Status", "")
    if status == ARRIVED:
        return None
    delivery_id = await delivery_of(memory, short(fields.get("MsgID", "")))
    if delivery_id is None:
        return None
    return Bounced(delivery_id, REASONS.get(status) or Refused("the notice did not arrive"))


async def delivery_of(memory: Memory, number: str) -> str | None:
    """Return which delivery the platform gave this number to, None if it is none of ours."""
    return await memory.get(_key(number))


def _key(number: str) -> str:
    return f"notice:{number}"
