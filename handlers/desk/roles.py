"""Who may do what: each role's permissions, and the roles it plays in a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from storage.models.people import Role

PERMISSIONS = frozenset(
    {
        "inbox",
        "tickets",
        "approve",
        "knowledge.write",
        "knowledge.publish",
        "settings",
        "users",
    }
)
"""Everything that can be allowed or not."""
PUBLISH = "knowledge.publish"
"""The permission that a firm may give to other roles than the usual ones."""
PUBLISHERS = frozenset({Role.SUPERVISOR, Role.ADMIN})
"""Who usually makes the knowledge base's drafts live."""

_MAY: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.AGENT: frozenset({"inbox", "tickets"}),
        Role.HANDLER: frozenset({"tickets"}),
        Role.EDITOR: frozenset({"knowledge.write"}),
        Role.SUPERVISOR: frozenset(
            {"inbox", "tickets", "approve", "knowledge.write", "knowledge.publish"}
        ),
        Role.ADMIN: PERMISSIONS,
    }
)
_WORKFLOW: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.AGENT: frozenset({"agent", "handler"}),
        Role.HANDLER: frozenset({"handler"}),
        Role.EDITOR: frozenset(),
        Role.SUPERVISOR: frozenset({"agent", "handler", "supervisor"}),
        Role.ADMIN: frozenset({"agent", "handler", "supervisor"}),
    }
)


def may(role: Role, permission: str) -> bool:
    """Say whether a role has a permission.

    Raises:
        ValueError: there is no such permission.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission!r} is no permission; there are {sorted(PERMISSIONS)}")
    return permission in _MAY[role]


def workflow_roles(role: Role) -> frozenset[str]:
    """Return which roles of a workflow's steps a person with `role` plays."""
    return _WORKFLOW[role]
