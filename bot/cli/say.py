"""`yingda say`: a simulated customer speaks on an inbox of the running demo."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import httpx
import typer

from bot.cli.options import DEFAULT, ConfigPath, read_config

SECONDS = 10.0
QUIET_SECONDS = 1.0
"""When something came and then nothing more for so long, the answer is complete."""


def say(
    inbox: Annotated[str, typer.Argument(help="demo_wechat, demo_weibo, demo_telegram, ...")],
    text: Annotated[str, typer.Argument(help="What the customer says.")],
    contact: Annotated[str | None, typer.Option(help="Who says it; new each time.")] = None,
    url: Annotated[str | None, typer.Option(help="Where the demo runs.")] = None,
    config: ConfigPath = DEFAULT,
) -> None:
    """Speak as a customer; print what comes back, one message a line."""
    root = url or read_config(config).root
    who = contact or f"cli{secrets.token_hex(6)}"
    with httpx.Client(base_url=root, timeout=SECONDS, trust_env=False) as client:
        try:
            listen = (
                _visit(client, inbox, text)
                if inbox == "demo_web"
                else _phone(client, inbox, who, text)
            )
        except (httpx.HTTPError, _Refused) as problem:
            print(f"yingda: the demo at {root} does not take it ({problem})", file=sys.stderr)
            raise typer.Exit(1) from None
        if not _print_answers(listen):
            print("yingda: nothing came back", file=sys.stderr)
            raise typer.Exit(1)


class _Refused(Exception):
    """The demo answered, but not with success."""


def _print_answers(listen: Callable[[], list[str]]) -> int:
    deadline = time.monotonic() + SECONDS
    printed = 0
    while time.monotonic() < deadline:
        for line in listen():
            print(" ".join(line.splitlines()), flush=True)
            printed += 1
            deadline = min(deadline, time.monotonic() + QUIET_SECONDS)
        time.sleep(0.05)
    return printed


def _phone(client: httpx.Client, inbox: str, contact: str, text: str) -> Callable[[], list[str]]:
    after = _screen(client, inbox, contact, 0)
    seen = max((m["number"] for m in after), default=0)
    _checked(client.post(f"/demo/{inbox}/say", json={"contact": contact, "text": text}))

    def listen() -> list[str]:
        nonlocal seen
        new = _screen(client, inbox, contact, seen)
        seen = max((m["number"] for m in new), default=seen)
        return [_line(m["text"], [label for _, label in m["options"]]) for m in new]

    return listen


def _screen(client: httpx.Client, inbox: str, contact: str, after: int) -> list[dict[str, Any]]:
    found = client.get(
        f"/demo/{inbox}/screen", params={"contact": contact, "after": after, "wait": 0}
    )
    messages: list[dict[str, Any]] = _checked(found).json()["messages"]
    return messages


def _visit(client: httpx.Client, inbox: str, text: str) -> Callable[[], list[str]]:
    token = _checked(client.post(f"/inboxes/{inbox}/visitors")).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    body = {"text": text, "echo_id": secrets.token_hex(8)}
    _checked(client.post(f"/inboxes/{inbox}/messages", json=body, headers=headers))
    seen = 0

    def listen() -> list[str]:
        nonlocal seen
        found = client.get(f"/inboxes/{inbox}/messages", params={"after": seen}, headers=headers)
        new = _checked(found).json()["messages"]
        seen = max((m["position"] for m in new), default=seen)
        return [
            _line(m["text"], [o["label"] for p in m["parts"] for o in p.get("options", ())])
            for m in new
            if m["author"] != "contact"
        ]

    return listen


def _line(text: str, labels: list[str]) -> str:
    return text if not labels else f"{text} [{' | '.join(labels)}]"


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 300:  # noqa: PLR2004 - HTTP
        raise _Refused(f"status {answer.status_code}{_reason(answer)}")
    return answer


def _reason(answer: httpx.Response) -> str:
    """Return what the demo says of it, if it says something."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, TypeError, LookupError):
        return ""
    return f": {detail}" if isinstance(detail, str) else ""
