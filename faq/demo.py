"""The demo's knowledge base, as package data."""

from __future__ import annotations

from importlib import resources

from faq.importer import read
from faq.matcher import Entry

FILE = "demo.yaml"


def demo_entries() -> tuple[Entry, ...]:
    """Return the entries of the demo shop, 云杉生活 (Spruce Living)."""
    return read(FILE, resources.files("faq").joinpath(FILE).read_bytes()).entries
