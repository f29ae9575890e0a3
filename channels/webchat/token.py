"""A visitor's token: it names one visitor of one inbox, and only we can make it."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import datetime, timedelta

from channels.errors import BadRequest
from channels.message import Media
from channels.webchat.identity import SIGNED

VISITOR = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
NAMED = re.compile(SIGNED + r"[A-Za-z0-9_-]{43}", re.ASCII)
"""The ids of those whom a site vouched for; no other token may name one."""
VERSION, NAMED_VERSION = "v1", "v2"
LASTS = timedelta(hours=12)
"""How long a site's word is taken before it has to be given anew."""
UNTIL = re.compile(r"[0-9]{1,12}", re.ASCII)


def issue(secret: str, inbox: str, visitor: str) -> str:
    """Return the token of a visitor; it may speak and read in this one thread only.

    Raises:
        ValueError: the id is not 1 to 64 letters, digits, `_` and `-`.
    """
    if not VISITOR.fullmatch(visitor) or NAMED.fullmatch(visitor):
        raise ValueError("a visitor's id is 1 to 64 letters, digits, _ and -, and no signed one")
    return f"{VERSION}.{visitor}.{_proof(secret, inbox, visitor)}"


def issue_named(secret: str, inbox: str, visitor: str, now: datetime) -> str:
    """Return the token of somebody whom the site vouched for; it is good for `LASTS`.

    Raises:
        ValueError: the id is not one of those.
    """
    if not NAMED.fullmatch(visitor):
        raise ValueError("this is no id of somebody signed in")
    until = int((now + LASTS).timestamp())
    proof = _proof(secret, inbox, f"{visitor} until {until}")
    return f"{NAMED_VERSION}.{visitor}.{until}.{proof}"


def read(secret: str, inbox: str, token: str, now: datetime) -> str:
    """Return the visitor that a token names.

    Raises:
        BadRequest: it is not one of ours, or it is over (401).
    """
    version, _, rest = token.partition(".")
    if version == NAMED_VERSION:
        return _read_named(secret, inbox, rest, now)
    visitor, _, proof = rest.partition(".")
    known = version == VERSION and VISITOR.fullmatch(visitor) and not NAMED.fullmatch(visitor)
    expected = _proof(secret, inbox, visitor if known else "")
    if not (hmac.compare_digest(expected.encode(), proof.encode()) and known):
        raise BadRequest("this chat's token is not valid; open the chat again", status=401)
    return visitor


def _read_named(secret: str, inbox: str, rest: str, now: datetime) -> str:
    visitor, _, rest = rest.partition(".")
    until, _, proof = rest.partition(".")
    known = NAMED.fullmatch(visitor) and UNTIL.fullmatch(until)
    expected = _proof(secret, inbox, f"{visitor} until {until}" if known else "")
    good = hmac.compare_digest(expected.encode(), proof.encode()) and known
    if not good or now.timestamp() >= int(until):
        raise BadRequest("this chat's token is not valid; sign in again", status=401)
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
    known = proof.isascii()  # a lone surrogate could not even be compared
    expected = _proof(secret, inbox, f"{visitor} file {told if known else ''}")
    if not (known and hmac.compare_digest(expected, given)):
        raise BadRequest("this is no file of this chat", status=422)
    return Media.model_validate_json(base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)))


def _proof(secret: str, inbox: str, visitor: str) -> str:
    said = f"webchat\0{inbox}\0{visitor}".encode()
    digest = hmac.digest(secret.encode(), said, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
