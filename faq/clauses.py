"""Takes a long message apart, and hears what a customer does *not* want."""

from __future__ import annotations

import re

from faq.normalize import HAN, bare, normalize, strip_courtesies, tidy

LONG = 30
MOST_CLAUSES = 4

_BREAK = re.compile(rf"[,，。.!！?？;；、…\n~]+(?=\s|$|[^\d])|(?<=[{HAN}])\s+(?=[{HAN}])")
_NOT = (
    "(?<![是要用必需想])(?:不想|不是|不要|不用|不必|不需要)"
    "|无需|没有要|没想|不打算|没打算|不准备|没准备|不考虑|不愿|不太想"
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
_WITHIN = r"[^,，。!！?？;；]"
_STARTS = rf"(?:^|(?<=[,，。!！?？;；])|(?<=[{HAN}]\s))"
_ASKS = (
    r"怎么|怎样|如何|咋|吗|么|嘛|呢|为什么|为啥|多久|多少|什么|啥|几|谁|哪|行不行|可以|能|会|要不要"
)
_SAYS = rf"(?!{_WITHIN}{{0,30}}(?:{_ASKS}|[?？]))"
"""What follows of the clause asks nothing."""
_MINE = r"退|换|取消|开(?:发)?票|发票|注销|删除|投诉|改|修改|更改|申请|预约|提现|安装"
"""What customers do; who does not *buy* any more wishes to cancel, which denies nothing."""
_EMPHASIS = r"(?:可|又|并|从来|从|根本|压根|真的?|也|都|就|这次|现在|绝对?)*"
_MATTER = (
    r"(?:退货|退款|退换|换货|取消(?:订单)?|发票|开票|注销(?:账[号户])?|投诉|安装|维修|预约|补发)"
)
_DENIED = re.compile(
    rf"{_STARTS}(?:我们?|咱们?)?{_EMPHASIS}(?:不用|不必|不需要|用不着|无需)(?!的|了){_SAYS}{_WITHIN}"
    rf"|{_STARTS}{_SAYS}(?:我们?|咱们?)?{_EMPHASIS}不再?(?:{_MINE})"
    rf"|{_STARTS}{_SAYS}我们?{_EMPHASIS}没有?(?:取消|退|换|下单|注销|投诉|订)"
    rf"|{_STARTS}(?:我们?)?{_EMPHASIS}没有?(?:让|叫|请|说(?!明)|要求|授权|同意|答应|申请)"
    rf"{_WITHIN}{{0,8}}?(?:{_ACTION})"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮|给我){_WITHIN}){{0,30}}?{_MATTER}(?:(?!的){_WITHIN}){{0,6}}?"
    rf"(?:(?<![要用需])(?:不要|不用|不必|不需要)了?|算了|免了)[吧啦啊哈呀哦]*(?=$|[,，。!！;；])"
    rf"|{_STARTS}{_SAYS}(?:(?!要|想|申请|帮|给我){_WITHIN}){{0,8}}?不(?:退|换|改|取消|申请)了"
    rf"|(?:谁(?:说|让|叫)|(?:什么|啥)时候说|几时说){_WITHIN}{{0,6}}?(?:{_ACTION})"
    rf"|我们?(?:拒绝|反对|谢绝)(?:{_ACTION})"
    rf"|(?:千万|绝对|绝)不(?:能|可以?|准|许){_WITHIN}{{0,6}}?(?:{_ACTION})"
    rf"|(?:{_ACTION}){_WITHIN}{{0,4}}?[,，?？]?\s*(?:没有的事|没门|休想)"
    r"|\bi (?:refuse|decline) to\b"
    r"|\bstop (?:cancell?|return|refund|exchang|chang|delet)ing\b"
    r"|\bno (?:returns?|refunds?|exchange|invoice|cancell?ation|replacement)"
    r" (?:please|needed|required|necessary)\b"
)
"""Other ways to say so: without a word of wishing, after the matter, as a question for show."""
_NEGATED_CLAUSE = re.compile(rf"^(?:我|我们|i )?(?:{_NOT})")
_MIN_WORDS = 2


def is_negated(text: str, limit: int = 500) -> bool:
    """Say whether a customer says what they do *not* want done."""
    said = tidy(text, limit).replace("’", "'")
    return any(way.search(said) for way in (_NEGATED, _UNWILLING, _DENIED))


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
