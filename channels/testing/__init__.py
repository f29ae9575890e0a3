"""What tests of channels need: a served simulator, a fake channel, the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channels.testing.fakes import FakeChannel, HeldFiles, RememberedMemory, as_request
from channels.testing.server import HANG_UP, closed_url, serve

if TYPE_CHECKING:
    from channels.testing.conformance import ChannelConformance
    from channels.testing.tokens import TokenFaults

__all__ = [
    "HANG_UP",
    "ChannelConformance",
    "FakeChannel",
    "HeldFiles",
    "RememberedMemory",
    "TokenFaults",
    "as_request",
    "closed_url",
    "serve",
]

_SUITE = ("bench", "incoming", "outgoing", "attachments", "failures", "tokens", "conformance")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute
    """Load the suite when it is asked for: the demo serves simulators without pytest."""
    if name not in ("ChannelConformance", "TokenFaults"):
        raise AttributeError(name)
    import pytest  # noqa: PLC0415 - only tests have it

    for module in _SUITE:
        pytest.register_assert_rewrite(f"channels.testing.{module}")
    from channels.testing import conformance, tokens  # noqa: PLC0415 - they need pytest

    return conformance.ChannelConformance if name == "ChannelConformance" else tokens.TokenFaults
