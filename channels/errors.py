"""Why a message did not leave, or why a call was not let in.

ChannelError
├── Retryable          try again, the customer noticed nothing
│   ├── RateLimited    ... after `retry_after` seconds
│   └── Unavailable
├── Refused            never try this message again
│   ├── WindowClosed
│   ├── QuotaUsed
│   ├── Blocked
│   ├── TooLong
│   └── Gone           ... a file that the platform, or we, do not have any more
├── Unauthorized       the account needs a human
├── Uncertain          it may have arrived: never resend by itself
└── BadRequest         an incoming call that we do not trust; `status` is the HTTP answer

A permanent fault never inherits from a transient one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class ChannelError(Exception):
    """A platform said no."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])


class Retryable(ChannelError):
    """Try again later."""


class RateLimited(Retryable):
    """Too fast for the platform; with `here` in this chat only, and the others may go on."""

    def __init__(self, retry_after: float, *, here: bool = False) -> None:
        super().__init__(f"rate limited, retry after {retry_after:g} s")
        self.retry_after = retry_after
        self.here = here


class Unavailable(Retryable):
    """The platform is down or busy."""


class Refused(ChannelError):
    """This message will never be accepted."""

    after = 0
    """How many pieces of it were taken before: then nobody can say that it did not arrive."""


class WindowClosed(Refused):
    """The platform's reply window is over; wait until the customer writes again."""


class QuotaUsed(Refused):
    """The platform's number of replies is used up; wait until the customer writes again."""


class Blocked(Refused):
    """The customer does not want to hear from us."""


class TooLong(Refused):
    """More than the platform takes, even after splitting."""


class Gone(Refused):
    """The file is not there any more."""


class Unauthorized(ChannelError):
    """The account's token or permission is gone; renew it in the inbox's settings."""


class Uncertain(ChannelError):
    """The request was written, the answer never came."""


class BadRequest(ChannelError):
    """An incoming call that is forged, stale or garbled."""

    def __init__(self, message: str = "", status: int = 403) -> None:
        super().__init__(message)
        self.status = status


@contextmanager
def piece(number: int, of: int, *, repeatable: bool = False) -> Iterator[None]:
    """Send one of a message's pieces, counted from 0: what breaks behind the first one says so.

    Where the platform knows pieces again the whole message may be `repeatable`.

    Raises:
        Uncertain: pieces were taken before; resending would repeat them.
    """
    try:
        yield
    except Refused as problem:
        problem.after = number
        raise
    except Uncertain:
        raise
    except ChannelError as problem:
        if number == 0 or repeatable:
            raise
        raise Uncertain(f"{number} of {of} pieces were taken, then: {problem}") from problem
