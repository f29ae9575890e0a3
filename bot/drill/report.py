"""The verdict as a table for people and as JSON for scripts."""

from __future__ import annotations

import json
from dataclasses import asdict

from bot.drill.play import Verdict

COLUMNS = {
    "sent_in": "sent in",
    "acknowledged": "acknowledged",
    "answered": "answered",
    "lost": "lost",
    "doubled": "doubled",
    "out_of_order": "out of order",
    "uncertain": "uncertain",
    "late": "late",
    "refused": "refused",
    "forged_taken": "forged, taken",
}


def as_json(verdict: Verdict) -> str:
    """Return `{"channels": {name: figures}}`, and how often the instance was killed."""
    channels = {name: asdict(figures) for name, figures in verdict.channels.items()}
    told = {"channels": channels, "kills": verdict.kills, "settled": verdict.settled}
    return json.dumps(told, ensure_ascii=False)


def as_table(verdict: Verdict) -> str:
    """Return one line for each channel, and what it means."""
    rows = [["channel", *COLUMNS.values()]]
    for name, figures in verdict.channels.items():
        told = asdict(figures)
        rows.append([name, *(str(told[key]) for key in COLUMNS)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        )
        for row in rows
    ]
    return "\n".join([*lines, "", _words(verdict)])


def _words(verdict: Verdict) -> str:
    kills = f", {verdict.kills} kills" if verdict.kills else ""
    if verdict.holds:
        return f"held: nothing acknowledged was lost, doubled or out of order{kills}"
    rest = "" if verdict.settled else "; something was still on its way when time was up"
    return (
        "NOT held: see lost, doubled, out of order, forged calls taken, and channels where "
        f"nothing was acknowledged{kills}{rest}"
    )
