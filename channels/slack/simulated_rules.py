"""What Slack accepts and how it says no, simulated."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from channels.simulation import Fault
from channels.slack.shape import branch, twigs, word

JSON = "application/json"
LONGEST_TEXT, LONGEST_SECTION, LONGEST_LABEL, LONGEST_VALUE = 40000, 3000, 75, 2000
MOST_BUTTONS, MOST_BLOCKS, LONGEST_BLOCKS = 25, 50, 13_000
LONGEST_TITLE, LONGEST_INPUT = 24, 3000


def rate_limited(seconds: int, times: int = 1) -> Fault:
    """Return what Slack answers to those who are too fast."""
    headers = {"content-type": JSON, "retry-after": str(seconds)}
    return Fault(429, b'{"ok":false,"error":"ratelimited"}', headers, times=times)


def refusal(error: str, times: int = 1) -> Fault:
    """Return how Slack says no."""
    body = json.dumps({"ok": False, "error": error}).encode()
    return Fault(200, body, {"content-type": JSON}, times=times)


def user_of(contact: str) -> str:
    """Return a Slack-like id for a person of any name."""
    return f"U{hashlib.sha256(contact.encode()).hexdigest()[:10].upper()}"


def sign(secret: str, stamp: str, body: str) -> str:
    """Sign as Slack does."""
    base = f"v0:{stamp}:{body}".encode()
    return f"v0={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"


def wrong_with(post: Mapping[str, Any]) -> str | None:
    """Return Slack's word for what is wrong with a post."""
    text, blocks = word(post, "text"), twigs(post, "blocks")
    if len(text) > LONGEST_TEXT:
        return "msg_too_long"
    if not text and not blocks:
        return "no_text"
    if len(blocks) > MOST_BLOCKS:
        return "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > LONGEST_BLOCKS:
        return "msg_blocks_too_long"
    sections = [each for each in blocks if word(each, "type") == "section"]
    if not all(0 < len(word(each, "text", "text")) <= LONGEST_SECTION for each in sections):
        return "invalid_blocks"
    return None if _fine(buttons_of(post)) else "invalid_blocks"


def wrong_with_view(view: Mapping[str, Any]) -> str | None:
    """Return Slack's word for what is wrong with a form."""
    titles = [word(view, part, "text") for part in ("title", "submit", "close")]
    inputs = [branch(each, "element") for each in twigs(view, "blocks")]
    options = [option for each in inputs for option in twigs(each, "options")]
    fine = (
        all(0 < len(title) <= LONGEST_TITLE for title in titles)
        and inputs
        and all(each.get("max_length", 1) <= LONGEST_INPUT for each in inputs)
        and all(0 < len(word(each, "text", "text")) <= LONGEST_LABEL for each in options)
    )
    return None if fine else "invalid_arguments"


def _fine(buttons: list[Mapping[str, Any]]) -> bool:
    return (
        len({word(each, "action_id") for each in buttons}) == len(buttons) <= MOST_BUTTONS
        and all(0 < len(word(each, "text", "text")) <= LONGEST_LABEL for each in buttons)
        and all(len(word(each, "value")) <= LONGEST_VALUE for each in buttons)
    )


def buttons_of(post: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the buttons under a post."""
    blocks = [each for each in twigs(post, "blocks") if word(each, "type") == "actions"]
    return [button for block in blocks for button in twigs(block, "elements")]


def token_error(request: Request, token: str) -> Response | None:
    """Return Slack's answer to a call that does not carry `token`."""
    given = request.headers.get("authorization", "")
    if not given:
        return no("not_authed")
    return None if given == f"Bearer {token}" else no("invalid_auth")


def answer(**content: Any) -> Response:  # noqa: ANN401 - any JSON
    """Answer that all is well."""
    return JSONResponse({"ok": True, **content})


def no(error: str) -> Response:
    """Answer as Slack says no."""
    return JSONResponse({"ok": False, "error": error})
