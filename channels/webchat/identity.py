"""Who a visitor is, as the firm's own site says: a JSON Web Token, signed with HMAC-SHA256.

header.claims.signature, each in base64url without "=";
header  {"alg": "HS256"}
claims  {"sub": the user's id, "exp": seconds since 1970, "name"?: ..., "attributes"?: {...}}
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from channels.errors import BadRequest
from channels.message import Clean

LARGEST = 8 * 1024
LATE = 60
"""Seconds by which the site's clock may differ from ours."""
SIGNED = "u-"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[Clean, Field(min_length=1, max_length=40)]
Value = (
    Annotated[Clean, Field(max_length=200)]
    | bool
    | Annotated[int, Field(ge=-(2**53), le=2**53)]
    | Annotated[float, Field(allow_inf_nan=False)]
)


class Claims(BaseModel):
    """What a site says of its user; claims that are not listed are passed over."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    sub: Annotated[Clean, BeforeValidator(_plain), Field(min_length=1, max_length=200)]
    """The user's id on the site; a number is taken as its digits."""
    exp: Annotated[float, Field(allow_inf_nan=False)]
    nbf: Annotated[float, Field(allow_inf_nan=False)] = 0
    name: Annotated[Clean, Field(max_length=100)] | None = None
    attributes: dict[Key, Value] = Field(default={}, max_length=20)

    @property
    def visitor(self) -> str:
        """The visitor's id: the same on every device, and of nobody who is not signed in."""
        digest = hashlib.sha256(self.sub.encode()).digest()
        return SIGNED + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read(proof: str, secrets: Sequence[str], now: datetime) -> Claims:
    """Return what a site vouches for.

    Raises:
        BadRequest: not signed with one of the secrets, over, or not to be understood (401).
    """
    head, _, rest = proof.partition(".")
    body, _, given = rest.partition(".")
    if len(proof) > LARGEST or not proof.isascii():
        _refuse("it is no signed identity")
    signed = [signature(secret.encode(), f"{head}.{body}") for secret in secrets]
    if not any(hmac.compare_digest(each, given) for each in signed):
        _refuse("its signature is not by this chat's identity secret")
    header = _object(head)
    if header.get("alg") != "HS256" or "crit" in header:
        _refuse('its header must be {"alg": "HS256"}')
    claims = _claims(_object(body))
    if not claims.nbf - LATE <= now.timestamp() < claims.exp + LATE:
        _refuse("it is over, or not yet good")
    return claims


def _claims(said: dict[str, Any]) -> Claims:
    try:
        return Claims.model_validate(said)
    except ValidationError as problem:
        places = {str(fault["loc"][0]) for fault in problem.errors() if fault["loc"]}
        _refuse(f"wrong or missing: {', '.join(sorted(places & Claims.model_fields.keys()))}")


def sign(claims: dict[str, Any], secret: str) -> str:
    """Return the proof that a site would make."""
    said = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    return f"{said}.{signature(secret.encode(), said)}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signature(key: bytes, said: str) -> str:
    """Return the signature of `header.claims`."""
    digest = hmac.new(key, said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, RecursionError):
        _refuse("it is no JSON Web Token")
    if not isinstance(found, dict):
        _refuse("it is no JSON Web Token")
    return found


def _refuse(why: str) -> NoReturn:
    raise BadRequest(f"this identity is not believed: {why}", status=401) from None
