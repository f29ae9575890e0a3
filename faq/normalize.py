"""Brings a question into the one form that is compared; what people read stays raw."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import opencc

VERSION = "n1"
RAW_LIMIT = 20_000
QUERY_LIMIT = 500

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u203c\u2049\u3030\u303d\u3297\u3299\u00a9\u00ae"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\u20e3\U000e0000-\U000e007f]+"
)
_BRACKETED = re.compile(rf"\[(?:[{HAN}]{{1,5}}|[a-z]{{2,12}})\]")
_COLONED = re.compile(r"(?<![\w:]):[a-z][a-z0-9_+-]{1,30}:(?![\w:])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACED_HAN = re.compile(rf"(?<=[{HAN}])[ \t\u3000]+(?=[{HAN}])")
_SINGLE_HAN = re.compile(rf"(?:(?<=\s)|^)[{HAN}](?:[ \t]+[{HAN}]){{2,}}(?=\s|$|[^\w\s])")
_MARKS = re.compile(r"[^\w\s$%€£¥+#.\-'/:&@]+|_+")
_LONE_MARKS = re.compile(r"(?<!\w)[.\-'/:&@#+]+|[.\-'/:&@]+(?!\w)")
_SPACES = re.compile(r"\s+")

_SEP = r"[\s,，.。!！?？~～、:：;；…\-]"
_YOU = "(?:你们|您|你)?"
_A_BIT = "(?:一下子?|下)"
_HEAD_FREE = (
    "亲爱的|你们好|[你您]好[啊呀哦]?|哈喽|哈啰|嗨+|喂+|早安|"
    "在不在|在[吗么嘛]|有人[吗么嘛]?在?[吗么嘛]?|(?:早上|上午|中午|下午|晚上)好|"
    f"打扰(?:{_A_BIT}|了)?|不好意思|劳驾|麻烦[你您]?(?:问一?下|请问)|(?:请问|请教){_A_BIT}?|"
    f"(?:我(?:就)?)?(?:想要?|要)?(?:问|咨询|请教|了解|确认){_A_BIT}{_YOU}|"
    f"我?想(?:请问|问问|问|咨询){_YOU}|帮我?看一?下"
)
_HEAD_SEPARATED = (
    "亲+|客服|老板|店家|掌柜的?|小姐姐|美女|帅哥|那个|hi+|hello+|hey+|halo|dear|sir|madam|team"
)
_HEAD_EN = (
    "(?:hi|hello|hey|dear)(?: there| team| sir| madam| all| everyone)?|"
    "good (?:morning|afternoon|evening)|excuse me|sorry to (?:bother|disturb) you|"
    "quick question|(?:i have|just) a(?: quick)? question|"
    r"(?:could|can|would) you (?:please )?(?:tell|help) me(?: with)?(?=\b(?! to\b))|"
    "i(?:'d| would)? (?:like|want|wanted) to (?:know|ask)(?: you)?|"
    "i was wondering|may i (?:know|ask)|please"
)
_TAIL = (
    "谢谢(?:你们?|您|了|啦|哈|老板|客服)?|多谢|感谢|谢啦|谢+了?|麻烦(?:[你您]?了|啦)|辛苦[了啦]?|"
    "拜托[了啦]?|急+(?:死了)?|在线等急?|求(?:解答|回复|解)|亲+|[哈呢哦噢喔呀啊哟嘞呗]|"
    "3q|thx|tks|thanks(?: a lot| so much| in advance)?|thank you(?: very much| so much)?|"
    "please|pls|plz"
)
_HEAD = re.compile(
    rf"^{_SEP}*(?:(?:{_HEAD_EN})(?![a-z'])|(?:{_HEAD_FREE})"
    rf"|(?:{_HEAD_SEPARATED})(?={_SEP}|请问|你好|您好|在吗|$)){_SEP}*"
)
_TAIL_END = re.compile(rf"(?:(?<=[{HAN}])|(?:^|{_SEP}+))(?:{_TAIL}){_SEP}*$")
_COURTESIES = 8
_REMEMBERED = 16
"""One question is brought into its form several times while it is decided about."""


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=_REMEMBERED)
def tidy(text: str, limit: int = QUERY_LIMIT) -> str:
    """Return the text in one script, width and case, with its punctuation, without emoji."""
    text = unicodedata.normalize("NFKC", text[:RAW_LIMIT]).lower()
    text = _CONTROL.sub(" ", _EMOJI.sub(" ", text.replace("\ufffc", " ")))
    text = _COLONED.sub(" ", _BRACKETED.sub(" ", text))
    text = _SPACES.sub(" ", text).strip()[:limit]
    text = text.encode("utf-8", "ignore").decode("utf-8")
    return _join_spaced(_simplifier().convert(text))


@lru_cache(maxsize=_REMEMBERED)
def strip_courtesies(text: str) -> str:
    """Drop greetings before and thanks after the matter, unless there is nothing else."""
    rest = text
    for _ in range(_COURTESIES):
        shorter = _HEAD.sub("", rest, count=1)
        shorter = _TAIL_END.sub("", shorter, count=1)
        if shorter == rest:
            break
        rest = shorter
    return rest.strip()


def bare(text: str) -> str:
    """Turn punctuation into single spaces, keeping what is part of a number or a name."""
    text = _LONE_MARKS.sub(" ", _MARKS.sub(" ", text))
    text = _SPACED_HAN.sub("", _SPACES.sub(" ", text)) if " " in text else text
    return text.strip()


def normalize(text: str, limit: int = QUERY_LIMIT) -> str:
    """Return the compared form of a text: pure, never raises, at most `limit` characters.

    A text that is nothing but a greeting keeps it, so that it can still be recognised.
    """
    tidied = tidy(text, limit)
    return bare(strip_courtesies(tidied)) or bare(tidied)


def is_courtesy(text: str) -> bool:
    """Say whether nothing is left of a text without what is said before and after a question."""
    tidied = tidy(text)
    return bool(bare(tidied)) and not bare(strip_courtesies(tidied))


def _join_spaced(text: str) -> str:
    return _SINGLE_HAN.sub(lambda found: _SPACES.sub("", found.group()), text)
