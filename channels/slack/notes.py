"""The few sentences that Slack wants from the app itself, before anybody has thought."""

from __future__ import annotations

import json
from typing import Any

from channels.base import Reception
from channels.slack.deeds import question
from channels.slack.markup import escape
from channels.slack.shape import Tree, word

USAGE = (
    "`{command} 您的问题`：向我们提问；`{command} 投诉`：填写投诉单。\n"
    "`{command} your question` asks us; `{command} complaint` opens a form for a complaint."
)
HEARD = {
    "zh": "收到。回答会显示在这里；之后的回复由我私信给您。",
    "en": "Got it. The answer comes here; what comes later is sent to you in a direct message.",
}
NOT_OPENED = (
    "表单暂时打不开，请直接给我发“投诉”两个字。\n"
    "The form cannot be opened now: please send me the word “complaint”."
)


def answer_to_command(body: Tree, *, is_asked: bool) -> dict[str, Any]:
    """Return what only the customer sees at once: how to ask, or that it was heard."""
    if not is_asked:
        command = escape(word(body, "command"))
        return ephemeral(USAGE.format(command=command))
    return ephemeral(HEARD["en" if question(body).isascii() else "zh"])


def ephemeral(text: str) -> dict[str, Any]:
    """Return a message that only one person sees."""
    return {"response_type": "ephemeral", "text": text}


def answering(told: dict[str, Any]) -> Reception:
    """Return how to answer a call of Slack's in words."""
    headers = {"content-type": "application/json; charset=utf-8"}
    return Reception(body=json.dumps(told).encode(), headers=headers)
