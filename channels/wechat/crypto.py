"""Whether a call is WeChat's own, and what is inside the sealed ones.

wechatpy does the AES; the signature is compared here, since wechatpy's comparison is not of
constant time and knows no age.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from datetime import datetime, timedelta

from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException

from channels.base import Request
from channels.errors import BadRequest
from channels.wechat.config import Config

FRESH = timedelta(minutes=5)
"""How far the platform's clock and ours may differ."""

_SEALED = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?\s*([A-Za-z0-9+/=]+)\s*(?:\]\]>)?\s*</Encrypt>")
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
        raise BadRequest("the signature is wrong: is `token` the same here and at WeChat?")


def check_age(timestamp: str, now: datetime) -> None:
    """Raise `BadRequest` unless `timestamp` (in seconds) is about `now`."""
    if not _SECONDS.fullmatch(timestamp):
        raise BadRequest("the timestamp is not a number of seconds")
    if abs(int(timestamp) - now.timestamp()) > FRESH.total_seconds():
        raise BadRequest("the call is too old, or this machine's clock is wrong")


class Seal:
    """The secrets of one account: checks, opens and closes what travels."""

    def __init__(self, config: Config) -> None:
        self._token = config.token.get_secret_value()
        self._app_id = config.app_id
        self._crypto = (
            WeChatCrypto(self._token, config.aes_key.get_secret_value(), config.app_id)
            if config.aes_key
            else None
        )

    def check(self, request: Request, now: datetime) -> None:
        """Raise `BadRequest` unless the call is WeChat's own, and of now.

        In plain mode the protocol signs the time and the nonce only, not the body.
        """
        query = request.query
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if self._crypto is None or request.method == "GET":
            check_signature(query.get("signature", ""), self._token, timestamp, nonce)
        else:
            sealed = _sealed(request.body)
            given = query.get("msg_signature", "")
            check_signature(given, self._token, timestamp, nonce, sealed)
        check_age(timestamp, now)

    def open(self, request: Request) -> str:
        """Return the XML of a checked call; of two versions in it, only the sealed one counts.

        Raises:
            BadRequest: it was sealed for another account.
            Unreadable: it cannot be decrypted or decoded.
        """
        if self._crypto is None:
            return _decoded(request.body)
        try:
            opened: str = PrpCrypto(self._crypto.key).decrypt(_sealed(request.body), self._app_id)
        except InvalidAppIdException as error:
            raise BadRequest("encrypted for another app_id than this inbox's") from error
        except (ValueError, IndexError, TypeError, struct.error) as error:
            raise Unreadable("cannot be decrypted: is `aes_key` the account's own?") from error
        return opened

    def close(self, xml: str, timestamp: str, nonce: str) -> str:
        """Return `xml` as the body of an answer: encrypted and signed where the account is."""
        if self._crypto is None:
            return xml
        closed: str = self._crypto.encrypt_message(xml, nonce, timestamp)
        return closed


def _sealed(body: bytes) -> str:
    found = _SEALED.search(body)
    if found is None:
        raise BadRequest("the inbox has an aes_key, but the call is not encrypted")
    return found[1].decode("ascii")


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("is not UTF-8") from error
