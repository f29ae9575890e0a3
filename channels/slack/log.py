"""Where Slack's own libraries may log: nowhere.

They log customers' words and URLs with tickets; our errors say what happened.
"""

from __future__ import annotations

import logging

SILENT = logging.getLogger("yingda.channels.slack.libraries")
SILENT.setLevel(logging.CRITICAL + 1)
