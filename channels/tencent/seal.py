"""Whether a call is the platform's own, and what is inside the sealed ones.

wechatpy does the AES; the signature is compared here, since wechatpy's comparison is not of
constant time and knows no age.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import SecretStr
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException

from channels.base import Request
from channels.errors import BadRequest

FRESH = timedelta(minutes=5)
"""How far the platform's clock and ours may differ."""

_SEALED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?\s*([A-Za-z0-9+/=]+)\s*(?:\]\]>)?\s*</Encrypt>")
_SEALED_JSON = re.compile(rb'"Encrypt"\s*:\s*"((?:[A-Za-z0-9+=]|\\?/)+)"')
_SECONDS = re.compile(r"[0-9]{1,12}")


class Unreadable(ValueError):
    """Genuine, but it makes no sense to us."""


def signature(*pieces: str) -> str:
    """Return the platform's signature: SHA-1 over the sorted, joined `pieces`."""
    joined = b"".join(sorted(piece.encode("utf-8", "replace") for piece in pieces))
    return hashlib.sha1(joined).hexdigest()  # noqa: S324 - the platform's choice


def check_signature(given: str, *pieces: str) -> None:
    """Raise `BadRequest` unless `given` is the signature of `pieces`."""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), signature(*pieces).encode()):
        raise BadRequest("the signature is wrong: is `token` the same here and there?")


def check_age(timestamp: str, now: datetime) -> None:
    """Raise `BadRequest` unless `timestamp` (in seconds) is about `now`."""
    if not _SECONDS.fullmatch(timestamp):
        raise BadRequest("the timestamp is not a number of seconds")
    if abs(int(timestamp) - now.timestamp()) > FRESH.total_seconds():
        raise BadRequest("the call is too old, or this machine's clock is wrong")


class Seal:
    """The secrets of one account: checks, opens and closes what travels."""

    def __init__(self, token: SecretStr, aes_key: SecretStr | None, owner: str) -> None:
        self._token, self._owner = token.get_secret_value(), owner
        self._crypto = (
            WeChatCrypto(self._token, aes_key.get_secret_value(), owner) if aes_key else None
        )

    def check(self, request: Request, now: datetime) -> None:
        """Raise `BadRequest` unless the call is the platform's own, and of now.

        In plain mode the protocol signs the time and the nonce only, not the body.
        """
        query = request.query
        if self._crypto is None or request.method == "GET":
            self._check(query, now, query.get("signature", ""))
        else:
            self._check(query, now, query.get("msg_signature", ""), _sealed(request.body))

    def open(self, request: Request) -> str:
        """Return the content of a checked call; of two versions in it, only the sealed one counts.

        Raises:
            BadRequest: it was sealed for another account.
            Unreadable: it cannot be decrypted or decoded.
        """
        if self._crypto is None:
            return _decoded(request.body)
        return self._opened(_sealed(request.body))

    def echo(self, query: Mapping[str, str], now: datetime) -> str:
        """Return what a sealed check of the server URL must be answered with: WeCom's way.

        Raises:
            BadRequest: it is not the platform's own, not of now, or cannot be opened.
        """
        sealed = query.get("echostr", "")
        self._check(query, now, query.get("msg_signature", ""), sealed)
        try:
            return self._opened(sealed)
        except Unreadable as error:
            raise BadRequest(f"the check of the URL {error}") from error

    def close(self, xml: str, timestamp: str, nonce: str) -> str:
        """Return `xml` as the body of an answer: encrypted and signed where the account is."""
        if self._crypto is None:
            return xml
        closed: str = self._crypto.encrypt_message(xml, nonce, timestamp)
        return closed

    def _check(self, query: Mapping[str, str], now: datetime, given: str, *more: str) -> None:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        check_signature(given, self._token, timestamp, nonce, *more)
        check_age(timestamp, now)

    def _opened(self, sealed: str) -> str:
        assert self._crypto is not None  # noqa: S101 - only sealed accounts come here
        try:
            opened: str = PrpCrypto(self._crypto.key).decrypt(sealed, self._owner)
        except InvalidAppIdException as error:
            raise BadRequest("encrypted for another account than this inbox's") from error
        except (ValueError, IndexError, TypeError, struct.error) as error:
            raise Unreadable("cannot be decrypted: is `aes_key` the account's own?") from error
        return opened


def _sealed(body: bytes) -> str:
    found = _SEALED.search(body) or _SEALED_JSON.search(body)
    if found is None:
        raise BadRequest("the inbox has an aes_key, but the call is not encrypted")
    return found[1].replace(b"\\/", b"/").decode("ascii")


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8") from error
