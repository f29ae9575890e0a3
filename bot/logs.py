"""Structured logs without secrets: every line, also of libraries, passes one redaction."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from bot.config import LogConfig
from channels.http import KEYS, redact

QUIET = (
    "alembic",
    "httpx",
    "httpcore",
    "telegram",
    "slack_bolt",
    "slack_sdk",
    "apscheduler",
    "uvicorn.access",
)
"""Libraries that write addresses with tokens in them at INFO."""
SECRET_KEY = re.compile(rf"(?:^|[^a-z0-9])(?:{KEYS}|authorization|cookie)$", re.IGNORECASE)
OF_STRUCTLOG = frozenset({"_record", "_from_structlog"})
AS_IT_STANDS = {"event": "", "exception": "\n\t", "stack": "\n\t"}
"""What people are shown without quotes, and which of its control characters may stay."""


def _redact(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in OF_STRUCTLOG:
            event[key] = _clean(key, value)
    return event


def _clean(key: str, value: object) -> object:
    """Return a value as it may be written: numbers as they are, all else as masked words."""
    if value is None or isinstance(value, int | float):
        return value
    if SECRET_KEY.search(key):
        return "***"
    if isinstance(value, Mapping):
        return {str(inner): _clean(str(inner), found) for inner, found in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, found) for found in value]
    return redact(_words(value))


def _words(value: object) -> str:
    try:
        return (
            f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else f"{value}"
        )
    except Exception:  # noqa: BLE001 - a line of the log must never break what it tells of
        return f"<{type(value).__name__}>"


def _on_one_line(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escape what would begin a line of its own, or command the terminal it is read on."""
    for key, kept in AS_IT_STANDS.items():
        value = event.get(key)
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(
                sign if sign.isprintable() or sign in kept else ascii(sign)[1:-1] for sign in value
            )
    return event


def configure(config: LogConfig) -> None:
    """Set up logging for the process; call it once."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderers: list[structlog.types.Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if config.format == "json"
        else [_on_one_line, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderers,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
