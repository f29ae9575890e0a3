"""What looks like personal data, and so is never said where others read along.

The patterns are wide on purpose: who is refused writes it privately, which costs a minute.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from channels.message import Choices, Location, Media, Part, Text, text_of

Kind = Literal["phone", "email", "id_card", "bank_card", "order", "address", "account"]

LONGEST = 20_000
"""Characters that are looked at; nobody says more in public."""
HIDDEN = "•••"
"""What stands where something is not shown."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SPOKEN = str.maketrans("零〇一二三四五六七八九幺", "001234567891")
_NUMERALS = re.compile(r"[零〇一二三四五六七八九幺]{7,}")
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufe0f\ufeff]")
_LONG_NUMBER = re.compile(r"[A-Za-z]{0,4}\d(?:[ \t.·•_*/\-–—]?\d){4,}[xX]?")
_BETWEEN = re.compile(r"(?<=\d)[ \t.·•_*/\-–—]{1,3}(?=\d)")
_DATE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])(?!\d)"
)
_SERVICE = re.compile(r"(?<!\d)(?:[48]00\d{7}|9[56]\d{3}|1230[05]|12315|123(?:45|78))(?!\d)")
"""Numbers of firms and of the state, which anybody may read."""

_PHONE = re.compile(
    r"(?<![\dA-Za-z])(?:(?:\+|00)?86)?1[3-9]\d{9}(?!\d)"
    r"|(?<![\dA-Za-z])0(?:10|2\d|[3-9]\d{2})\d{7,8}(?!\d)"
    r"|(?<![\dA-Za-z])\+\d{8,15}(?!\d)"
    r"|(?:电话|手机|座机|联系方式|phone|mobile|\btel\b)\D{0,8}\d{7,}"
)
_EMAIL = re.compile(r"[\w.+\-]{1,64}\s?@\s?[a-z0-9\-]{1,63}(?:\s?\.\s?[a-z0-9\-]{2,63})+")
_ID_CARD = re.compile(r"(?<![\dA-Za-z])\d{17}[\dx](?![\dA-Za-z])")
_CARD = re.compile(r"(?<![\dA-Za-z])\d{13,19}(?!\d)")
_ORDER = re.compile(
    r"(?:订单|单号|运单|快递号|物流号|票号|工单|投诉编号|编号|会员号|"
    r"\border|\bticket|\btracking|\bparcel|\bcase|\binvoice)"
    r"(?:\s*(?:编号|号码?|为|是|number|no\.?|id|is|[:：#（(]))*\s*[a-z]{0,6}-?\d{5,}"
    r"|(?<![\da-z])ts\d{8}-?\d{4,}(?!\d)"
    r"|(?<![\da-z])(?:sf|yt|zto|jd|jt|ems|yd|sto|db)[a-z]{0,3}\d{10,}(?!\d)"
    r"|(?<!\d)\d{12,}(?!\d)"
)
_ADDRESS = re.compile(
    r"(?:路|街|道|巷|弄|胡同|大街)\s?\d{1,5}\s?(?:号|弄)"
    r"|\d{1,4}\s?(?:栋|幢|号楼|单元)\s?[\da-z]{0,6}\s?(?:\d{1,5}\s?(?:室|户|房)|单元|层)"
    r"|(?:小区|花园|公寓|家园|新村|苑)\s?\d{1,4}\s?(?:栋|幢|号|座)"
    r"|(?<!\d)\d{1,5}\s(?:[a-z]+\s){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|dr)\b"
)
_ACCOUNT = re.compile(
    r"(?:微信|wechat|weixin|vx|qq|护照|passport|密码|password|验证码|verification code)"
    r"(?:\s*(?:号码?|为|是|id|no\.?|number|is|[:：]))+\s*[a-z0-9_\-]{4,}"
)


def personal(parts: Sequence[Part]) -> tuple[Kind, ...]:
    """Return what kinds of personal data `parts` seem to hold, none for harmless ones."""
    text = _legible("\n".join(_words(parts)))
    return tuple(kind for kind, holds in _HOLDS.items() if holds(text))


def masked(text: str, names: Sequence[str] = ()) -> str | None:
    """Return a text without numbers, mail addresses and these names, as others may read it.

    None if something in it still looks personal.
    """
    shown = _UNSEEN.sub("", text[:LONGEST])
    for name in names:
        if len(name) > 1:
            shown = re.sub(re.escape(name), HIDDEN, shown, flags=re.IGNORECASE)
    shown = _LONG_NUMBER.sub(HIDDEN, _EMAIL.sub(HIDDEN, shown))
    return None if personal((Text(text=shown),)) else shown


def _words(parts: Sequence[Part]) -> Iterator[str]:
    yield text_of(tuple(parts))
    for part in parts:
        match part:
            case Choices(options=options):
                yield from (option.label for option in options)
            case Location(label=label):
                yield label or ""
            case Media(name=name):
                yield name or ""
            case _:
                pass


def _legible(text: str) -> str:
    """Return a text in the form that the patterns are written for: no tricks with digits."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST]).casefold()
    plain = _UNSEEN.sub("", plain)
    plain = _NUMERALS.sub(lambda found: found[0].translate(_SPOKEN), plain)
    return _SERVICE.sub(" ", _BETWEEN.sub("", _DATE.sub(" ", plain)))


def _is_id_card(text: str) -> bool:
    return any(_checks(found[0]) for found in _ID_CARD.finditer(text))


def _checks(number: str) -> bool:
    """Say whether an ID card's last sign fits the others (GB 11643)."""
    total = sum(weight * int(sign) for weight, sign in zip(_WEIGHTS, number, strict=False))
    return _CHECKS[total % 11] == number[-1].upper()


def _is_bank_card(text: str) -> bool:
    return any(_luhn(found[0]) for found in _CARD.finditer(text))


def _luhn(number: str) -> bool:
    digits = [int(sign) for sign in reversed(number)]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])  # noqa: PLR2004
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _has(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.search(text) is not None


_HOLDS: Mapping[Kind, Callable[[str], bool]] = {
    "phone": _has(_PHONE),
    "email": _has(_EMAIL),
    "id_card": _is_id_card,
    "bank_card": _is_bank_card,
    "order": _has(_ORDER),
    "address": _has(_ADDRESS),
    "account": _has(_ACCOUNT),
}
