"""Takes a long message apart, and hears what a customer does *not* want."""

from __future__ import annotations

import re

from faq.normalize import HAN, bare, normalize, strip_courtesies, tidy

LONG = 30
MOST_CLAUSES = 4

_BREAK = re.compile(rf"[,，。.!！?？;；、…\n~]+(?=\s|$|[^\d])|(?<=[{HAN}])\s+(?=[{HAN}])")
_NOT = (
    "不想|不是|不要|不用|不必|不需要|无需|没有要|没想|不打算|没打算|不准备|没准备|不考虑|不愿|不太想"
    "|不急着|先不|暂不|暂时不|不再|请勿|切勿|别(?!的|人|家|处|名)"
    "|don'?t|do not|not going to|no need to|never"
)
_ACTION = (
    r"退|换|取消|开(?:发)?票|发票|注销|删除|投诉|改|买|申请|付款|发货|寄|修|报修|人工|预约|订|安装"
    r"|关闭|解绑|续费|升级|充值|提现"
    r"|return|refund|exchange|cancel|invoice|delete|close|complain|change|buy|order|ship|repair"
    r"|block|freeze|replace|renew|upgrade|downgrade|subscribe|transfer|activate|remove|book|reset"
)
_HOW = r"怎么|怎样|如何|咋|能不能|可不可以|\bhow\b"
_NEGATED = re.compile(rf"(?:{_NOT})(?:(?!{_HOW})[^,，。!！?？;；]){{0,12}}?(?:{_ACTION})")
_UNWILLING = re.compile(
    r"\b(?:(?:do|does|did|would|wo)n'?t|(?:do|does|did|would|will) not|not|never)"
    r" (?:really |actually |even |yet )?(?:want|wish|need|plan|intend|mean|try|ask|look"
    r"|about)(?:ed|n?ing)? (?:(?:you|it|them) )?(?:to|for)\b"
    r"|\b(?:rather not|not interested in|no longer (?:want|wish|need) to|no need (?:to|for))\b"
    r"|(?:不用|不必|不需要|不要)再?开(?!门|机)"
)
_NEGATED_CLAUSE = re.compile(rf"^(?:我|我们|i )?(?:{_NOT})")
_MIN_WORDS = 2


def is_negated(text: str, limit: int = 500) -> bool:
    """Say whether a customer says what they do *not* want done."""
    said = tidy(text, limit).replace("’", "'")
    return _NEGATED.search(said) is not None or _UNWILLING.search(said) is not None


def clauses(text: str, form: str, limit: int = 500) -> list[str]:
    """Return the clauses worth asking on their own, or none where the text is one question.

    What a customer says they do *not* want is left out as soon as they say something else.
    """
    parts = [part for part in _parts(text, limit) if part != form]
    if len(parts) < 2 and len(form) <= LONG:  # noqa: PLR2004 - one clause is the whole
        return []
    wanted = [part for part in parts if not _NEGATED_CLAUSE.match(part)]
    return [normalize(part) for part in (wanted or parts)[-MOST_CLAUSES:]]


def takes_back(text: str, limit: int = 500) -> bool:
    """Say whether a message names what is *not* wanted beside something that is."""
    denied = [_NEGATED_CLAUSE.match(part) is not None for part in _parts(text, limit)]
    return any(denied) and not all(denied)


def _parts(text: str, limit: int) -> list[str]:
    parts = [bare(part) for part in _BREAK.split(strip_courtesies(tidy(text, limit)))]
    return [part for part in dict.fromkeys(parts) if _says_something(part)]


def _says_something(part: str) -> bool:
    return len(re.findall(rf"[{HAN}]|[a-z0-9]+", part)) > _MIN_WORDS
