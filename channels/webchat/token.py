"""A visitor's token: it names one visitor of one inbox, and only we can make it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from channels.errors import BadRequest
from channels.message import Media

VISITOR = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
VERSION = "v1"


def issue(secret: str, inbox: str, visitor: str) -> str:
    """Return the token of a visitor; it may speak and read in this one thread only.

    Raises:
        ValueError: the id is not 1 to 64 letters, digits, `_` and `-`.
    """
    if not VISITOR.fullmatch(visitor):
        raise ValueError("a visitor's id is 1 to 64 letters, digits, _ and -")
    return f"{VERSION}.{visitor}.{_proof(secret, inbox, visitor)}"


def read(secret: str, inbox: str, token: str) -> str:
    """Return the visitor that a token names.

    Raises:
        BadRequest: it is not one of ours (401).
    """
    version, _, rest = token.partition(".")
    visitor, _, proof = rest.partition(".")
    known = version == VERSION and VISITOR.fullmatch(visitor) is not None
    expected = _proof(secret, inbox, visitor if known else "")
    if not (hmac.compare_digest(expected.encode(), proof.encode()) and known):
        raise BadRequest("this chat's token is not valid; open the chat again", status=401)
    return visitor


def vouch(secret: str, inbox: str, visitor: str, file: Media) -> str:
    """Return what lets a visitor send a file that was taken from them."""
    told = base64.urlsafe_b64encode(file.model_dump_json().encode()).decode().rstrip("=")
    return f"{told}.{_proof(secret, inbox, f'{visitor} file {told}')}"


def read_file(secret: str, inbox: str, visitor: str, proof: str) -> Media:
    """Return the file that a proof is of.

    Raises:
        BadRequest: it is not of a file of this visitor's (422).
    """
    told, _, given = proof.partition(".")
    expected = _proof(secret, inbox, f"{visitor} file {told}")
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise BadRequest("this is no file of this chat", status=422)
    return Media.model_validate_json(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))


def _proof(secret: str, inbox: str, visitor: str) -> str:
    said = f"webchat\0{inbox}\0{visitor}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
