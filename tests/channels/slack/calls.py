"""Recorded calls of Slack's, and adapters to give them to."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from channels.base import Request
from channels.slack.adapter import Adapter
from channels.slack.config import Config
from channels.slack.simulated_rules import sign
from channels.testing import RememberedMemory

FIXTURES = Path(__file__).parent / "fixtures"
SECRET = "slack_signing_secret_for_tests"
NOW = datetime.fromtimestamp(1700000200, UTC)


def recorded(name):
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def make_adapter(now=NOW, **settings):
    config = Config(
        channel="slack", **{"bot_token": "xoxb-1", "signing_secret": SECRET, **settings}
    )
    return Adapter("main", config, RememberedMemory(), lambda: now)


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
