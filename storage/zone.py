"""The zone that the firm's days are counted in: on the desk's pages, and in numbers."""

from __future__ import annotations

from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
