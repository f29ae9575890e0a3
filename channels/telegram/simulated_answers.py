"""How the Bot API answers, in Telegram's own words."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response

from channels.simulation import Fault, answer_with

SAID = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request",
    429: "Too Many Requests: retry later",
}
"""How Telegram words a status."""


def refusal(code: int, description: str, times: int = 1, **parameters: int) -> Fault:
    """Return the fault of an API that says no in Telegram's words."""
    body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Fault(code, json.dumps(body).encode(), {"content-type": "application/json"}, times=times)


def yes(result: object) -> Response:
    """Answer a call that worked."""
    return JSONResponse({"ok": True, "result": result})


def no(code: int, description: str = "") -> Response:
    """Refuse a call."""
    return answer_with(refusal(code, description or SAID[code]))


def shaped(fault: Fault) -> Response:
    """Answer with a fault; one without a body gets the body that Telegram gives."""
    if not fault.body and fault.status in SAID:
        fault.body = refusal(fault.status, SAID[fault.status]).body
    return answer_with(fault)
