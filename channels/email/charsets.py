"""Bytes to text, whatever a mail says they are."""

from __future__ import annotations

import re

KNOWN = re.compile(
    r"utf-?8(-sig)?|utf-?16([lb]e)?|us-ascii|ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|cp125\d"
    r"|koi8-[ru]|shift_?jis|sjis|cp932|iso-2022-(jp|kr)|euc-(jp|kr)|cp949|hz(-gb-2312)?|tis-620"
)
"""What a mail may name. Python knows more: some are no charsets, some are slow, and UTF-7 hides
mark-up from whoever looks at the bytes."""
WIDER = {
    **dict.fromkeys(
        ("gb2312", "gbk", "gb18030", "x-gbk", "cp936", "gb_2312-80", "euc-cn", "ms936"), "gb18030"
    ),
    **dict.fromkeys(("big5", "big5-hkscs", "big5hkscs", "x-x-big5", "cp950"), "big5hkscs"),
    **dict.fromkeys(("us-ascii", "ascii", "utf8", "default", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1"), "cp1252"),
    **dict.fromkeys(("ks_c_5601-1987", "ks_c_5601", "euc-kr"), "cp949"),
    "hz-gb-2312": "hz",
}
"""What mailers mean when they name a smaller one."""
GUESSES = ("utf-8", "gb18030", "cp1252")


def decode(data: bytes, charset: str | None) -> str:
    """Return text: by the charset a mail names if that is a known one, else by looking."""
    name = (charset or "").strip().strip("\"'").lower()[:40]
    codec = WIDER.get(name) or (name if KNOWN.fullmatch(name) else None)
    if codec is None or (codec == "utf-8" and not _is(data, codec)):
        codec = next((each for each in GUESSES if _is(data, each)), codec or "utf-8")
    try:
        return data.decode(codec, "replace")
    except (LookupError, ValueError):
        return data.decode("utf-8", "replace")


def _is(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except (LookupError, ValueError):
        return False
    return True
