"""How much of the product the everyday suite must run: `python -m tests.coverage_gates`.

Reads the `.coverage` file that `make coverage` leaves behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatch

OVERALL = 95.0
GATES = {
    "handlers/*": 97.0,
    "faq/matcher.py": 100.0,
    "channels/message.py": 100.0,
    "channels/base.py": 100.0,
    "channels/text.py": 100.0,
    "channels/*/parse.py": 97.0,
    "channels/*/render.py": 97.0,
    "storage/*": 95.0,
}
"""Per cent of lines and branches, over all files that fit the pattern."""


def measured() -> dict[str, tuple[int, int]]:
    """Return for each file how much was covered, and of how much."""
    out = subprocess.run(
        [sys.executable, "-m", "coverage", "json", "-q", "-o", "-"],
        capture_output=True,
        check=True,
    )
    files = json.loads(out.stdout)["files"]
    return {
        name: (
            found["summary"]["covered_lines"] + found["summary"]["covered_branches"],
            found["summary"]["num_statements"] + found["summary"]["num_branches"],
        )
        for name, found in files.items()
    }


def share(files: list[tuple[int, int]]) -> float:
    """Return per cent covered."""
    covered, whole = (sum(column) for column in zip(*files, strict=True))
    return 100.0 * covered / whole if whole else 100.0


def main() -> int:
    """Print every gate; return the exit status."""
    files, status = measured(), 0
    for pattern, least in {"*": OVERALL, **GATES}.items():
        hit = [found for name, found in files.items() if fnmatch(name, pattern)]
        got = share(hit) if hit else 0.0
        status |= got < least
        print(f"{'ok  ' if got >= least else 'LOW '} {got:6.2f} of {least:6.2f}  {pattern}")  # noqa: T201
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
