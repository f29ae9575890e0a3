"""Reads `config.yaml`, then the environment, and refuses what it does not know.

`YINGDA_DATABASE_URL` overrides `database_url`; `YINGDA_INBOXES__SHOP_WECHAT__APP_SECRET`
overrides one key of one inbox; the same name with `_FILE` behind it reads a file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot import config_words
from channels.inbox import InboxConfig
from channels.registry import UnknownChannel, find
from faq.config import FaqConfig
from handlers.chat.menu import ChatConfig
from storage.models import Role

M = TypeVar("M", bound=BaseModel)
PREFIX = "YINGDA_"
INBOX_NAME = re.compile(r"[a-z0-9_]{1,64}")


class BadConfig(Exception):
    """The configuration cannot be used; the message says which key and what to do."""


class LogConfig(BaseModel):
    """How the service writes its log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least important line that is written"
    )
    format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for a log collector"
    )


class MediaConfig(BaseModel):
    """How files of customers and agents are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path | None = Field(
        default=None,
        description="where they lie; `media` in data_dir when nothing is said; "
        "all processes must share it",
    )
    max_bytes: int = Field(
        default=20 * 1024 * 1024,
        ge=1024,
        le=1024**3,
        description="the largest file that is fetched or taken",
    )
    timeout: float = Field(
        default=120.0, gt=0, le=3600, description="seconds that fetching one file may take"
    )
    keep_days: int | None = Field(
        default=None, ge=1, description="after how many days a file is removed; absent: never"
    )


class Config(BaseModel):
    """Everything the service can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(
        default="sqlite:///data/yingda.db",
        description="where everything is remembered: sqlite:///a/file.db, or "
        "postgresql://user@host/database for several processes",
        repr=False,
    )
    database_pool: int = Field(
        default=8,
        ge=1,
        le=100,
        description="PostgreSQL: how many transactions of a process run at once; "
        "half as many connections more only read",
    )
    data_dir: Path = Field(default=Path("data"), description="caches and kept files")
    public_url: str | None = Field(
        default=None,
        description="how platforms and browsers reach this service; https makes cookies Secure",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on")
    port: int = Field(default=8080, ge=0, le=65535, description="the port to listen on")
    demo: bool | None = Field(
        default=None, description="the simulated phones; on when no inbox is configured"
    )
    passive_wait: float = Field(
        default=4.0, gt=0, le=4.5, description="seconds a platform's call is held for the answer"
    )
    queue_notice_minutes: int = Field(
        default=5, ge=1, description="after how long a waiting customer hears from us"
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="who reads /metrics must bring this as a bearer token"
    )
    publishers: tuple[Literal[Role.EDITOR, Role.SUPERVISOR, Role.ADMIN], ...] = Field(
        default=(Role.SUPERVISOR, Role.ADMIN),
        description="which roles make drafts of the knowledge base live",
    )
    media: MediaConfig = MediaConfig()
    log: LogConfig = LogConfig()
    faq: FaqConfig = FaqConfig()
    chat: ChatConfig = ChatConfig()
    inboxes: dict[str, InboxConfig] = Field(default_factory=dict)

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value and not re.match(r"https?://[^/\s]", value):
            raise ValueError("write the whole address, as in https://help.example.com")
        return value

    @property
    def media_folder(self) -> Path:
        """Where the bytes of files lie."""
        return self.media.folder or self.data_dir / "media"

    @property
    def root(self) -> str:
        """The service's own address, as this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def files_at(self) -> str:
        """Under which address files of answers are to be had by anybody; empty: nowhere."""
        return f"{self.public_url.rstrip('/')}/attachments/" if self.public_url else ""

    @property
    def shows_demo(self) -> bool:
        """Whether the simulated phones are there."""
        return not self.inboxes if self.demo is None else self.demo


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Return the configuration of a file (which may be missing) and the environment.

    Raises:
        BadConfig: the file cannot be read, a key is unknown or a value is wrong.
    """
    raw = _read(path) if path is not None and path.exists() else {}
    for name, value in environ.items():
        if name.startswith(PREFIX):
            _override(raw, name, value)
    inboxes = raw.pop("inboxes", None) or {}
    if not isinstance(inboxes, dict):
        raise BadConfig("inboxes: write a mapping of names to settings")
    built = {str(name): inbox(str(name), settings) for name, settings in inboxes.items()}
    return _build(Config, {**raw, "inboxes": built}, "")


def inbox(name: str, settings: object) -> InboxConfig:
    """Return the settings of one inbox, read by its channel's own model.

    Raises:
        BadConfig: the name, the channel, a key or a value is wrong.
    """
    if not INBOX_NAME.fullmatch(name):
        raise BadConfig(f"inboxes.{name}: use small letters, digits and _ for the name")
    if not isinstance(settings, dict) or "channel" not in settings:
        raise BadConfig(f"inboxes.{name}: say which platform it is, e.g. channel: telegram")
    try:
        channel = find(str(settings["channel"]))
    except UnknownChannel as problem:
        raise BadConfig(f"inboxes.{name}.channel: {problem}") from problem
    return _build(channel.config, settings, f"inboxes.{name}.")


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise BadConfig(f"{path}: cannot be read ({problem.strerror})") from None
    except (ValueError, RecursionError, YAMLError) as problem:
        # The parser's own words quote the file, secrets included.
        where = getattr(problem, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        mend = config_words.of_yaml(str(getattr(problem, "problem", "")))
        if isinstance(problem, UnicodeDecodeError):
            mend = "save the file as UTF-8"
        raise BadConfig(f"{path}{line}: cannot be read as YAML; {mend}") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise BadConfig(f"{path}: the top of the file must be keys and values")
    return raw


def _override(raw: dict[str, Any], name: str, value: str) -> None:
    keys = [key.lower() for key in name.removeprefix(PREFIX).split("__")]
    if keys[-1].endswith("_file"):
        keys[-1] = keys[-1].removesuffix("_file")
        try:
            value = Path(value).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise BadConfig(f"{name}: cannot read the file it names") from None
    here = raw
    for key in keys[:-1]:
        if here.get(key) is None:
            here[key] = {}
        if not isinstance(here[key], dict):
            raise BadConfig(f"{name}: {key} is a value in the file, not a group of keys")
        here = here[key]
    here[keys[-1]] = value


def _build(model: type[M], raw: Mapping[str, Any], where: str) -> M:
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        raise BadConfig("; ".join(_lines(model, problem, where))) from None


def _lines(model: type[BaseModel], problem: ValidationError, where: str) -> list[str]:
    lines = []
    for error in problem.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in error["loc"])
        if error["type"] == "extra_forbidden":
            known = list(_model_at(model, error["loc"][:-1]).model_fields)
            near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            lines.append(f"{where}{key}: no such key{hint}")
        elif error["type"] == "missing":
            # No colon behind the key: what is printed would be taken for a secret, and masked.
            variable = PREFIX + f"{where}{key}".replace(".", "__").upper()
            lines.append(f"{where}{key} is missing: write it there, or set {variable}")
        else:
            said = config_words.of_value(error["type"], error.get("ctx", {}), error["msg"])
            lines.append(f"{where}{key}: {said}")
    return lines


def _model_at(model: type[BaseModel], keys: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the settings that stand under these keys."""
    for key in keys:
        field = model.model_fields.get(str(key))
        nested = field.annotation if field is not None else None
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            model = nested
    return model
