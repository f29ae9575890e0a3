"""What can go wrong with a database, from the mildest to the worst.

StorageError
├── BadUrl          the address names no database
├── DatabaseInUse   another process serves this file
└── Unavailable     nothing of this call was stored; try again later
    └── InDoubt     nobody knows whether it was stored; repeat it under the same key
"""

from __future__ import annotations


class StorageError(Exception):
    """The database cannot do this now."""


class DatabaseInUse(StorageError):
    """Another process serves this file."""


class Unavailable(StorageError):
    """The database does not take writes; nothing of this call was stored."""


class InDoubt(Unavailable):
    """The connection broke while the database committed; repeat the call under the same key."""


class BadUrl(StorageError):
    """The address names no database that this version speaks."""
