"""Every error of the library is one of ours."""

from __future__ import annotations

import datetime as dt
import warnings

import httpx
import pytest
from telegram import error as theirs

from channels.errors import (
    Blocked,
    RateLimited,
    Refused,
    TooLong,
    Unauthorized,
    Unavailable,
    Uncertain,
)
from channels.telegram.faults import Moved, translate

CLASSES = {
    theirs.TelegramError: (("senseless",), Uncertain),
    theirs.Forbidden: (("Forbidden: bot was blocked by the user",), Blocked),
    theirs.InvalidToken: (("The token `1:AA` was rejected",), Unauthorized),
    theirs.EndPointNotFound: (("no such method",), Refused),
    theirs.NetworkError: (("Bad Gateway",), Unavailable),
    theirs.BadRequest: (("Bad Request: chat not found",), Refused),
    theirs.TimedOut: ((), Uncertain),
    theirs.ChatMigrated: ((-1001,), Moved),
    theirs.Conflict: (("terminated by other getUpdates request",), Unavailable),
    theirs.PassportDecryptionError: (("broken",), Refused),
}
TRANSPORT = {
    httpx.ConnectError: Unavailable,
    httpx.ConnectTimeout: Unavailable,
    httpx.PoolTimeout: Unavailable,
    httpx.ReadTimeout: Uncertain,
    httpx.WriteTimeout: Uncertain,
    httpx.ReadError: Uncertain,
    httpx.WriteError: Uncertain,
    httpx.RemoteProtocolError: Uncertain,
}


def rate_limited(wait):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theirs.RetryAfter(wait)


def test_every_class_of_the_library_is_known():
    known = {
        found
        for found in vars(theirs).values()
        if isinstance(found, type) and issubclass(found, theirs.TelegramError)
    }
    assert known == {*CLASSES, theirs.RetryAfter}


@pytest.mark.parametrize(("kind", "expected"), CLASSES.items())
def test_every_class_of_the_library_becomes_ours(kind, expected):
    said, ours = expected
    assert type(translate(kind(*said))) is ours


@pytest.mark.parametrize("wait", [7, dt.timedelta(seconds=7)])
def test_a_rate_limit_says_how_long(wait):
    found = translate(rate_limited(wait))
    assert isinstance(found, RateLimited)
    assert found.retry_after == 7.0


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Bad Request: message is too long", TooLong),
        ("Bad Request: MESSAGE_TOO_LONG", TooLong),
        ("Bad Request: user is deactivated", Blocked),
        ("Bad Request: can't parse entities: byte 3", Refused),
        ("", Refused),
    ],
)
def test_a_bad_request_is_never_retried(said, ours):
    assert type(translate(theirs.BadRequest(said))) is ours


@pytest.mark.parametrize(("cause", "ours"), TRANSPORT.items())
@pytest.mark.parametrize("outer", [theirs.TimedOut, lambda: theirs.NetworkError("httpx")])
def test_what_matters_is_whether_the_request_was_written(outer, cause, ours):
    error = outer()
    error.__cause__ = cause("https://api.telegram.org/bot123456:AAsecretsecret/sendMessage")
    assert type(translate(error)) is ours
    assert "secret" not in str(translate(error))
    assert isinstance(translate(error, repeatable=True), Unavailable)


def test_our_own_error_comes_through_the_library_unchanged():
    ours = Uncertain("cut")
    error = theirs.NetworkError("Unknown error in HTTP implementation")
    error.__cause__ = ours
    assert translate(error) is ours
    assert translate(ours) is ours


def test_an_answer_the_library_stumbles_over_is_uncertain():
    assert type(translate(KeyError("result"))) is Uncertain


def test_a_reason_shows_no_token_and_is_short():
    reason = str(translate(theirs.BadRequest("bot123456:AAsecretsecretsecretsecret " + "x" * 999)))
    assert "secret" not in reason
    assert len(reason) <= 200
