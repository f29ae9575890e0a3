"""A channel whose customers come to us: what the website chat offers besides being a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from channels.message import Media


@dataclass(frozen=True, slots=True)
class Vouched:
    """A customer whom the firm's own site knows by `user_id`; the `token` is theirs."""

    visitor: str
    token: str = field(repr=False)
    user_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    attributes: Mapping[str, str | int | float | bool] = field(
        default_factory=dict, hash=False, repr=False
    )


@runtime_checkable
class Visited(Protocol):
    """A channel whose customers come to us with a token of ours: the website chat."""

    def issue(self, visitor_id: str) -> str:
        """Return the token that lets a visitor speak and read in one thread."""
        ...

    def visitor(self, bearer: str) -> str:
        """Return whom a token belongs to.

        Raises:
            BadRequest: it is not one of ours.
        """
        ...

    def identify(self, proof: str) -> Vouched:
        """Return whom the firm's own site vouches for.

        Raises:
            BadRequest: the proof is not believed.
        """
        ...

    attachments: bool
    """Whether visitors may send files."""

    def vouch(self, visitor_id: str, file: Media) -> str:
        """Return what lets a visitor send a file that was taken from them, as proof that it was."""
        ...

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Say whether a call comes from a site that may talk to this chat."""
        ...
