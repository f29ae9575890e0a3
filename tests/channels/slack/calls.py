"""Recorded calls of Slack's, and adapters to give them to."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from channels.base import Request
from channels.message import Choice
from channels.sheets import Blank, Sheet
from channels.slack.adapter import Adapter
from channels.slack.config import Config
from channels.slack.simulated_rules import sign
from channels.testing import RememberedMemory

FIXTURES = Path(__file__).parent / "fixtures"
SECRET = "slack_signing_secret_for_tests"
WISHES = (
    Choice(value="form:wish:refund", label="退款"),
    Choice(value="form:wish:other", label="其他"),
)
SKIP = Choice(value="form:order:skip", label="没有订单号")


def sheet(language, title, *words):
    blanks = (
        Blank("facts", "发生了什么事？", shortest=4, wanting="再具体一些"),
        Blank("order", "订单号", skip=SKIP, longest=100),
        Blank("wish", "您希望怎么处理？", options=WISHES, wanting="请选择"),
    )
    name = "form:complaint.1"
    return Sheet(name, language, "complaint", frozenset(words), title, "提交", "取消", blanks)


SHEETS = (sheet("zh", "投诉登记", "投诉"), sheet("en", "Make a complaint", "complaint"))
NOW = datetime.fromtimestamp(1700000200, UTC)


def recorded(name):
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def make_adapter(now=NOW, **settings):
    config = Config(
        channel="slack", **{"bot_token": "xoxb-1", "signing_secret": SECRET, **settings}
    )
    adapter = Adapter("main", config, RememberedMemory(), lambda: now)
    adapter.offer(SHEETS)
    return adapter


def signed(body, content_type="application/json", now=NOW, **headers):
    stamp = str(int(now.timestamp()))
    return Request(
        method="POST",
        query={},
        headers={
            "content-type": content_type,
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": sign(SECRET, stamp, body),
            **headers,
        },
        body=body.encode(),
    )


def call_of(payload, **headers):
    """Return the HTTP call that carries `payload`, in the wrapping of its kind."""
    form = "application/x-www-form-urlencoded"
    if "command" in payload:
        return signed(urlencode(payload), form, **headers)
    if payload["type"] in ("event_callback", "url_verification"):
        return signed(json.dumps(payload), **headers)
    return signed(urlencode({"payload": json.dumps(payload)}), form, **headers)
