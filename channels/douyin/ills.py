"""What ails a Douyin account: the refusals that somebody can mend, and how long it may go on."""

from __future__ import annotations

from collections.abc import Mapping

from channels.douyin.authority import MOST_RENEWALS, Standing
from channels.errors import ChannelError
from channels.health import Finding, explained, fine, mark, warn, wrong

_ANEW = mark("let the account's owner authorise the application again, and put refresh_token in")
MENDS: Mapping[str, str] = {
    "authorise": _ANEW,
    "10008": _ANEW,
    "10010": _ANEW,
    "2190015": mark("copy open_id again: it belongs to this application and this account"),
    "28003095": mark("switch the answers of the account's own workbench off, or leave it to them"),
    "28029004": mark("the permission im.direct_message is needed; Douyin gives it to nobody new"),
}
"""How the refusals are mended that are about the account."""
SOON = 30
"""Days before the end from which on somebody should know."""


def explain(error: ChannelError) -> Finding | None:
    """Return what a refusal means and how it is mended, if that is known."""
    return explained(error, MENDS)


def authority(standing: Standing) -> Finding:
    """Say how long the owner's authorisation lasts, with all its renewals."""
    left = standing.days_left
    if left <= 0:
        return wrong(mark("The account's authorisation is over"), _ANEW)
    if left <= SOON:
        return warn(mark("The account's authorisation ends in %(days)d days"), _ANEW, days=left)
    return fine(
        "The account's authorisation lasts %(days)d more days; it was renewed %(done)d of "
        "%(most)d times",
        days=left,
        done=standing.renewals,
        most=MOST_RENEWALS,
    )
