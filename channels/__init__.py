"""Channels speak: what is said, the adapter protocol, and one folder per platform."""
