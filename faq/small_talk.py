"""Hears what is said for manners' sake: greetings, thanks, farewells, who one speaks to."""

from __future__ import annotations

import re
from typing import Literal

from faq.normalize import HAN, tidy

Kind = Literal["robot", "bye", "thanks", "greeting"]
LONGEST = 80
"""A longer text is never only manners."""

_AFTER = "[啊呀哦喔噢吗么嘛呢吧啦了哈咯~～]*"
_ZH_SPEAKER = "(?:机器人|智能客服|人工智能|ai|自动回复|真人|真的人|活人|人工)(?:客服)?"
_EN_SPEAKER = "(?:robot|bot|chatbot|machine|computer|ai|human being|human|person)"
_ZH: dict[Kind, str] = {
    "robot": (
        "(?:请问|那)?(?:你们?|您|这边?|这里|对面|现在)?(?:到底|究竟)?(?:是不是|是)一?个?"
        f"{_ZH_SPEAKER}(?:还是一?个?(?:{_ZH_SPEAKER}|人))?"
        "|[你您]是(?:谁|哪位)|你(?:叫|是)(?:什么|啥)名字"
    ),
    "bye": (
        "再见|拜拜|拜|回头(?:见|聊)|下次(?:见|聊)|先这样|没(?:别的)?事了"
        "|没有(?:别的)?(?:问题|事)了|晚安|886?"
    ),
    "thanks": (
        "(?:好的?)?(?:非常|太|多|十分|万分)?(?:谢谢|感谢|谢|多谢|辛苦|麻烦)"
        "(?:[你您]们?|老板|客服|亲)?|好的?|好滴|好嘞|行|嗯+|哦+|知道了|明白|清楚了|了解|收到"
        "|没问题|可以了|棒|赞|3q"
    ),
    "greeting": (
        "[你您]们?好|大家好|哈喽|哈啰|嗨|在不在|在|[早晚]上好|[上中下]午好|早安?"
        "|亲爱的|亲|客服|好久不见|打扰"
    ),
}
_EN: dict[Kind, str] = {
    "robot": (
        r"(?:so |wait )?(?:are you|is this|am i (?:talking|speaking|chatting) (?:to|with))"
        r"(?: really| just)?(?: an?| the)?(?: real)?(?: automated| automatic| live| actual)?"
        rf" {_EN_SPEAKER}(?: or (?:an? )?(?:real |actual )?{_EN_SPEAKER})?"
        r"|who are you|what are you|what(?:'s| is) your name|are you real"
    ),
    "bye": (
        r"(?:good ?)?bye(?: ?bye)?|see (?:you|ya)(?: later| soon)?|good night|take care"
        r"|have a (?:nice|good|great) (?:day|one|evening|weekend)|that(?:'s| is) all"
    ),
    "thanks": (
        r"(?:many )?(?:thanks|thank you|thx|ty|cheers)"
        r"(?: a lot| so much| very much| again| a million)?"
        r"(?: for (?:your|the|all your) (?:help|time|support|answer))?|ok(?:ay)?|got it|great"
        r"|perfect|awesome|cool|i see|alright|sure|much appreciated|appreciate it"
    ),
    "greeting": (
        r"h(?:i+|ello+|ey+|alo|owdy)(?: there| team| all| everyone| guys| sir| madam| bot)?"
        r"|good (?:morning|afternoon|evening|day)|greetings|how are you(?: doing)?(?: today)?"
        r"|how(?:'s| is) it going|what'?s up|nice to meet you|(?:is )?anyone there|dear"
    ),
}
_GAP = re.compile(r"[\s,，.。!！?？;；:：、~～…()（）\"“”\-]+")
_PIECES: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?:(?:{zh}){_AFTER}|(?:{_EN[kind]})(?![a-z0-9']))"))
    for kind, zh in _ZH.items()
)
_ORDER: tuple[Kind, ...] = ("robot", "bye", "thanks", "greeting")
_LETTER = re.compile(rf"[{HAN}a-z0-9]")


def small_talk(text: str) -> Kind | None:
    """Say what kind of manners a text is, from end to end, or None where it says more.

    Of several kinds the one that wants an answer most is said.
    """
    rest = _GAP.sub(" ", tidy(text[: LONGEST + 1])).strip()
    if not _LETTER.search(rest) or len(text.strip()) > LONGEST:
        return None
    heard: set[Kind] = set()
    while rest:
        found = max(
            ((kind, match.end()) for kind, piece in _PIECES if (match := piece.match(rest))),
            key=lambda pair: pair[1],
            default=None,
        )
        if found is None:
            return None
        heard.add(found[0])
        rest = rest[found[1] :].strip()
    return next(kind for kind in _ORDER if kind in heard)
