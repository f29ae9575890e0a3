"""What ails an app in a workspace: the refusals that somebody can mend, and the checks."""

from __future__ import annotations

from collections.abc import Mapping

from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark, warn, wrong

NEEDED = ("chat:write", "im:history")
"""Without these nothing can be said, or nothing is heard in direct conversations."""
USEFUL = (
    "app_mentions:read",
    "channels:history",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "im:write",
)
_INSTALL = mark("copy bot_token (xoxb-...) again from OAuth & Permissions, and start again")
_SCOPES = mark("add the scope on OAuth & Permissions, and install the app again")
MENDS: Mapping[str, str] = {
    "account_inactive": _INSTALL,
    "invalid_auth": _INSTALL,
    "not_authed": _INSTALL,
    "token_expired": _INSTALL,
    "token_revoked": _INSTALL,
    "missing_scope": _SCOPES,
    "no_permission": _SCOPES,
    "not_allowed_token_type": mark(
        "bot_token begins with xoxb-, app_token with xapp-; copy each to its place"
    ),
    "accesslimited": mark("the workspace limits access: ask its owner to allow this app"),
    "ekm_access_denied": mark("the workspace limits access: ask its owner to allow this app"),
    "team_access_not_granted": mark("the workspace limits access: ask its owner to allow this app"),
}
"""How the refusals are mended that are about the app."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


def workspace(account: Mapping[str, object]) -> Finding:
    """Say where the app is installed."""
    team = account.get("team") or account.get("team_id")
    return fine("The app is installed in %(team)s", team=str(team))


def scopes(header: str | None) -> Finding:
    """Say what the app may not do, by Slack's own list of what it may."""
    if not header:
        return fine("Slack does not tell what the app may do")
    has = {scope.strip() for scope in header.split(",")}
    missing = [scope for scope in (*NEEDED, *USEFUL) if scope not in has]
    if not missing:
        return fine("The app has all its scopes")
    if set(missing) & set(NEEDED):
        return wrong(
            "The app lacks scopes without which it cannot work: %(scopes)s",
            "add them on OAuth & Permissions, and install the app again",
            scopes=", ".join(missing),
        )
    return warn(
        "The app lacks scopes, so that some things do not work: %(scopes)s",
        "see how-to/slack for what each is for; add them and install the app again",
        scopes=", ".join(missing),
    )


def socket() -> Finding:
    """Say that a socket is to be had."""
    return fine("Slack opens a socket for us")
