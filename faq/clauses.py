"""Takes a long message apart, and hears what a customer does *not* want."""

from __future__ import annotations

import re

from faq.normalize import HAN, bare, normalize, strip_courtesies, tidy

LONG = 30
MOST_CLAUSES = 4

_BREAK = re.compile(rf"[,，。.!！?？;；、…\n~]+(?=\s|$|[^\d])|(?<=[{HAN}])\s+(?=[{HAN}])")
_NOT = (
    "不想|不是|不要|不用|不必|不需要|无需|没有要|没想|别(?!的|人|家|处|名)"
    "|don'?t|do not|not going to|no need to|never"
)
_ACTION = (
    r"退|换|取消|开(?:发)?票|发票|注销|删除|投诉|改|买|申请|付款|发货|寄|修|报修|人工|预约|订|安装"
    r"|return|refund|exchange|cancel|invoice|delete|close|complain|change|buy|order|ship|repair"
)
_NEGATED = re.compile(rf"(?:{_NOT})[^,，。!！?？;；]{{0,12}}?(?:{_ACTION})")
_NEGATED_CLAUSE = re.compile(rf"^(?:我|我们|i )?(?:{_NOT})")
_MIN_WORDS = 2


def is_negated(text: str, limit: int = 500) -> bool:
    """Say whether a customer says what they do *not* want done."""
    return _NEGATED.search(tidy(text, limit)) is not None


def clauses(text: str, form: str, limit: int = 500) -> list[str]:
    """Return the clauses worth asking on their own, or none where the text is one question.

    What a customer says they do *not* want is left out as soon as they say something else.
    """
    parts = [bare(part) for part in _BREAK.split(strip_courtesies(tidy(text, limit)))]
    parts = [part for part in dict.fromkeys(parts) if _says_something(part) and part != form]
    if len(parts) < 2 and len(form) <= LONG:  # noqa: PLR2004 - one clause is the whole
        return []
    wanted = [part for part in parts if not _NEGATED_CLAUSE.match(part)]
    return [normalize(part) for part in (wanted or parts)[-MOST_CLAUSES:]]


def _says_something(part: str) -> bool:
    return len(re.findall(rf"[{HAN}]|[a-z0-9]+", part)) > _MIN_WORDS
