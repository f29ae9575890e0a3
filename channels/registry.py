"""Which channels there are. To add one: its folder, and its name here.

By convention `channels.<name>` holds `config.Config`, `adapter.Adapter` and
`simulator.Simulator`; nothing is imported before it is used. A package of a stranger adds a
channel with an entry point in the group `yingda.channels` that names its module.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from channels.base import ChannelAdapter, Clock, Memory
    from channels.inbox import InboxConfig
    from channels.simulation import Simulator

CHANNELS = (
    "douyin",
    "email",
    "miniprogram",
    "qq",
    "slack",
    "telegram",
    "terminal",
    "webchat",
    "webhook",
    "wechat",
    "wecom",
    "weibo",
)


class UnknownChannel(LookupError):
    """No channel has this name."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform's rooms, found by convention."""

    name: str
    module: str

    @property
    def config(self) -> type[InboxConfig]:
        """The platform's settings."""
        found: type[InboxConfig] = import_module(f"{self.module}.config").Config
        return found

    def adapter(
        self, inbox: str, config: InboxConfig, memory: Memory, clock: Clock
    ) -> ChannelAdapter:
        """Build the adapter of one account."""
        built: ChannelAdapter = import_module(f"{self.module}.adapter").Adapter(
            inbox, config, memory, clock
        )
        return built

    def simulator(self, inbox: str, clock: Clock, **settings: Any) -> Simulator:  # noqa: ANN401 - each platform has its own
        """Build the platform's side of the wire."""
        built: Simulator = import_module(f"{self.module}.simulator").Simulator(
            inbox, clock, **settings
        )
        return built


def names() -> tuple[str, ...]:
    """Return every channel's name, strangers' included."""
    return tuple(sorted({*CHANNELS, *(found.name for found in _strangers())}))


def find(name: str) -> Channel:
    """Return the channel called `name`.

    Raises:
        UnknownChannel: there is none; the message lists those there are.
    """
    if name in CHANNELS:
        return Channel(name, f"channels.{name}")
    for found in _strangers():
        if found.name == name:
            return Channel(name, found.value)
    raise UnknownChannel(f"no channel {name!r}; there are: {', '.join(names())}")


def _strangers() -> tuple[Any, ...]:
    return tuple(entry_points(group="yingda.channels"))
