"""What an error of a channel's means to who looks after the account: one line, with the mend."""

from __future__ import annotations

from dataclasses import replace

from channels.base import ChannelAdapter
from channels.errors import ChannelError, Unauthorized
from channels.health import Checked, Finding, mark, refusal, wrong
from channels.http import redact

LONGEST = 300
RENEW = mark("renew the secret in config.yaml, and start again")


def diagnosis(adapter: ChannelAdapter, problem: ChannelError) -> Finding:
    """Return what went wrong, in the channel's own words where it knows some."""
    known = adapter.explain(problem) if isinstance(adapter, Checked) else None
    if known is not None:
        return tidy(known)
    if isinstance(problem, Unauthorized):
        return tidy(refusal(problem, RENEW))
    return tidy(unreached(str(problem)))


def unreached(problem: str) -> Finding:
    """Return that the platform gives no sensible answer."""
    return wrong(
        "The platform cannot be asked: %(problem)s",
        "check the network and `base_url`; the inbox tries again by itself",
        problem=problem,
    )


def tidy(finding: Finding) -> Finding:
    """Return it fit for a line on a screen, whatever a platform put into it."""
    values = {
        key: redact(" ".join(value.split()))[:LONGEST] if isinstance(value, str) else value
        for key, value in finding.values.items()
    }
    return replace(finding, values=values)
