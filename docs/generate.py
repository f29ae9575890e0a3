"""Writes `docs/reference/` from the code: `python -m docs.generate` (with `--check`: only compare).

What can be read from models, commands and routes is not written a second time by hand.
"""
# ruff: noqa: INP001 - documentation is no package

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, EnumType
from pathlib import Path
from typing import Any, get_args

import typer
from starlette.routing import Mount

from bot.app import compose
from bot.cli.main import app as commands
from bot.config import Config, LogConfig
from bot.metrics import Metrics
from channels import registry
from channels.base import Capabilities, Listening, Passive, Polling, Rates, Webhook
from channels.inbox import InboxConfig
from channels.testing.fakes import RememberedMemory
from docs.tables import code, keys, one_line, page, table
from faq.config import FaqConfig
from handlers.chat.menu import ChatConfig

HERE = Path(__file__).parent
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HOUR = timedelta(hours=1)


def config() -> str:
    """Return the page of everything `config.yaml` can hold."""
    channels = [
        f"### {name}\n\n{one_line(registry.find(name).config)}\n\n"
        + keys(registry.find(name).config, without=InboxConfig.model_fields)
        for name in registry.CHANNELS
    ]
    return page(
        "Configuration",
        """
        `config.yaml` is read first; it may be missing. An environment variable overrides one key:
        `YINGDA_PORT=9000`, `YINGDA_LOG__LEVEL=debug`, `YINGDA_INBOXES__SHOP_WECHAT__APP_SECRET=...`
        (two underscores go one level down). The same name with `_FILE` behind it reads the value
        from a file, for example a mounted secret. An unknown key is refused, with the nearest known
        one. Keep every *secret* out of the file. `yingda check` tells what is wrong, line by line.
        """,
        "## The service\n\n" + keys(Config, without=("log", "faq", "chat", "inboxes")),
        "## log\n\n" + keys(LogConfig),
        f"## faq\n\n{one_line(FaqConfig)}\n\n" + keys(FaqConfig),
        f"## chat\n\n{one_line(ChatConfig)}\n\n" + keys(ChatConfig),
        "## inboxes\n\n"
        "`inboxes` maps a name (small letters, digits, `_`) to one connected account.\n"
        "The name is part of the webhook's address: `/inboxes/<name>/webhook`.\n"
        "Every inbox takes these keys, and those of its channel.\n\n" + keys(InboxConfig),
        *channels,
    )


def walk(command: Any, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - typer's own
    """Yield every command with its full name."""
    if not hasattr(command, "commands"):
        yield names, command
        return
    for name, inner in command.commands.items():
        yield from walk(inner, (*names, name))


def every_command() -> list[tuple[tuple[str, ...], Any]]:
    """Return all commands of the product."""
    return list(walk(typer.main.get_command(commands), ("yingda",)))


def help_of(parameter: Any) -> str:  # noqa: ANN401 - typer's own
    """Return what is said of an option, with the words it takes where they are few."""
    descriptor = getattr(parameter, "type_descriptor", None)
    kind = getattr(descriptor, "annotation", None)
    members: dict[str, Enum] = dict(kind.__members__) if isinstance(kind, EnumType) else {}
    words = [code(member.value) for member in members.values()]
    return " ".join([parameter.help or "", *([f"One of {', '.join(words)}."] if words else [])])


def default_word(default: object) -> object:
    """Return an option's default as it is typed; a flag's and a missing one are nothing."""
    return "" if default in (None, False) else getattr(default, "value", default)


def usage(names: Sequence[str], command: Any) -> str:  # noqa: ANN401 - typer's own
    """Return one command with its arguments and options."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    called = " ".join([*names, *(p.name.upper() for p in arguments), "[OPTIONS]"])
    rows = [
        (
            code(p.name.upper() if p in arguments else ", ".join(p.opts)),
            "**needed**" if p.required else code(default_word(p.default)),
            help_of(p),
        )
        for p in command.params
    ]
    said = (command.help or "").strip().splitlines()[0]
    return f"## {' '.join(names)}\n\n{said}\n\n```\n{called}\n```\n\n" + table(
        ("argument or option", "default", "what it does"), rows
    )


def command_page() -> str:
    """Return the page of all commands."""
    return page(
        "Commands",
        """
        After `make run` or `make test` they are in `.venv/bin`; `python -m bot` is the same as
        `yingda`. Commands that open the database may run beside the service. A mistake in the
        configuration ends a command with status 2 and one line that says what to do.
        """,
        *(usage(names, command) for names, command in every_command()),
    )


def ways(adapter: object) -> str:
    """Return how messages come in."""
    found = [
        ("webhook", isinstance(adapter, Webhook)),
        ("polling", isinstance(adapter, Polling)),
        ("socket", isinstance(adapter, Listening)),
    ]
    return ", ".join(word for word, is_there in found if is_there)


def variants() -> Iterator[tuple[str, object, Capabilities]]:
    """Yield every channel with its adapter, once for each mode that its account can be in."""

    def clock() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    for name in registry.CHANNELS:
        channel = registry.find(name)
        settings = channel.simulator("main", clock).settings
        mode = channel.config.model_fields.get("mode")
        for choice in get_args(mode.annotation) if mode else (None,):
            given = {**settings, "channel": name, **({"mode": choice} if choice else {})}
            adapter = channel.adapter(
                "main", channel.config(**given), RememberedMemory(clock), clock
            )
            yield f"{name} ({choice})" if choice else name, adapter, adapter.capabilities


def window(can: Capabilities, adapter: object) -> str:
    """Return how long we may answer."""
    if isinstance(adapter, Passive) and adapter.passive:
        return "only in the answer to a push"
    if can.reply_window is None:
        return "none"
    hours = f"{can.reply_window.length // HOUR} h"
    often = can.reply_window.messages
    return f"{hours}, {often} messages" if often else hours


def speed(rates: Rates) -> str:
    """Return how fast all processes together send."""
    named = (("in all", rates.whole), ("a chat", rates.chat), ("a group", rates.group))
    found = [
        f"{rate.per_second:g}/s {name}" + (f" ({rate.burst} at once)" if rate.burst > 1 else "")
        for name, rate in named
        if rate is not None
    ]
    return ", ".join(found) or "no limit"


def capabilities() -> str:
    """Return the page of what each channel can do."""
    rows = [
        (
            name,
            f"{can.text_limit} {can.text_limit_unit}",
            ", ".join(sorted(can.receives)),
            ", ".join(sorted(can.sends)),
            can.max_choices or "numbered list",
            window(can, adapter),
            speed(can.rates),
            *("yes" if has else "no" for has in (can.edits, can.typing)),
            *("yes" if has else "no" for has in (can.public, can.idempotent_send, can.signed)),
            "yes" if can.open_to_new else "**no**: needs an existing permission",
            ways(adapter),
        )
        for name, adapter, can in variants()
    ]
    head = ("channel", "one text", "receives", "sends", "buttons", "reply window", "speed")
    more = (
        "edits seen",
        "typing shown",
        "public threads",
        "resending is safe",
        "calls are signed",
        "open to new accounts",
        "comes in by",
    )
    return page(
        "Capabilities of the channels",
        """
        What each adapter claims; every claim has a test in the conformance suite
        (`channels/testing/`). A longer text is split, never inside a character; what a channel
        cannot send becomes a line of text, and choices without buttons become a numbered list.
        *Resending is safe* means that a delivery whose answer was lost is simply sent again.
        """,
        table((*head, *more), rows),
    )


def endpoints(router: Any) -> Iterator[tuple[str, str, Any]]:  # noqa: ANN401 - frameworks' own
    """Yield (methods, path, function) of every route; a mounted application has none."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from endpoints(inner)
        elif isinstance(route, Mount):
            yield "any", f"{route.path}/...", None
        else:
            methods = [m for m in METHODS if m in (route.methods or ())]
            yield ", ".join(methods), route.path, route.endpoint


def urls() -> str:
    """Return the page of every address, by the module that answers."""
    app = compose(Config(demo=True), lambda: datetime(2026, 1, 1, tzinfo=UTC))
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for methods, path, function in endpoints(app):
        module = sys.modules[function.__module__] if function else None
        title = one_line(module) if module else "Files, and the demo's simulated platforms"
        said = one_line(function) if function else ""
        groups.setdefault(title, []).append((path, methods, said))
    return page(
        "Addresses",
        """
        Everything the service answers to. The desk's pages need a login, and every change its CSRF
        token; the web chat's API needs a visitor's bearer token; `/demo...` is there only while the
        demo is on. An unknown or disabled inbox answers 404.
        """,
        *(
            f"## {title.rstrip('.')}\n\n"
            + table(
                ("path", "method", "what it does"),
                ((code(path), methods, said) for path, methods, said in sorted(rows)),
            )
            for title, rows in groups.items()
        ),
    )


def metrics() -> str:
    """Return the page of what `/metrics` counts."""
    rows = [
        (
            code(f"{metric.name}_total" if metric.type == "counter" else metric.name),
            metric.type,
            metric.documentation,
        )
        for metric in Metrics().registry.collect()
    ]
    return page(
        "Metrics",
        """
        `GET /metrics` speaks Prometheus's text format. Set `metrics_token` to ask for a bearer
        token. `GET /readyz` gives the same judgement in one answer: 200 while the database takes
        writes and the knowledge base is loaded, else 503, with each inbox's state and the backlog.
        """,
        table(("name", "type", "what it counts"), rows),
    )


def pages() -> dict[str, str]:
    """Return every generated page by its path below `docs/`."""
    return {
        "reference/config.md": config(),
        "reference/commands.md": command_page(),
        "reference/capabilities.md": capabilities(),
        "reference/urls.md": urls(),
        "reference/metrics.md": metrics(),
    }


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` name those that are out of date."""
    outdated = [
        (path, text)
        for path, text in pages().items()
        if not (HERE / path).is_file() or (HERE / path).read_text(encoding="utf-8") != text
    ]
    for path, text in outdated:
        if "--check" not in arguments:
            (HERE / path).write_text(text, encoding="utf-8")
        print(f"docs/{path}")  # noqa: T201 - a command
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
