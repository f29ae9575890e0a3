"""What customers do to a question: each way changes a text, always the same one in the same way."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping

import opencc

from faq.normalize import HAN
from faq.sounds import common_characters, readings

_STORIES = (
    "上个星期我在你们家给我妈买了点东西，她用了几天觉得挺好，邻居看见了也想要一个，",
    "我昨天晚上下班回家路上刷手机看到你们的店，想着孩子马上过生日了就下了单，",
    "本来前两天就想联系你们的，结果单位一直加班到很晚，今天好不容易才有空坐下来，",
)


def _seeded(text: str) -> random.Random:
    return random.Random(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _homophones(text: str, count: int) -> str:
    rng, alike = _seeded(text), common_characters()
    sounds = readings()
    places = [at for at, c in enumerate(text) if c in sounds and len(alike.get(sounds[c], "")) > 1]
    changed = list(text)
    for at in rng.sample(places, min(count, len(places))):
        changed[at] = rng.choice([c for c in alike[sounds[text[at]]] if c != text[at]])
    return "".join(changed)


def _pinyin(text: str, between: str) -> str:
    sounds = readings()
    simple = opencc.OpenCC("t2s").convert(text)
    return between.join(sounds.get(character, character) for character in simple)


def _full_width(text: str) -> str:
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    return wide + "！？"


WAYS: Mapping[str, Callable[[str], str]] = {
    "clean": lambda text: text,
    "traditional": lambda text: opencc.OpenCC("s2t").convert(text),
    "full-width": _full_width,
    "emoji": lambda text: f"😭{text}[流泪]😭",
    "greeting": lambda text: f"亲 在吗 我想问下 {text} 谢谢",
    "spaced": " ".join,
    "one homophone": lambda text: _homophones(text, 1),
    "two homophones": lambda text: _homophones(text, 2),
    "pinyin, spaced": lambda text: _pinyin(text, " "),
    "pinyin, joined": lambda text: _pinyin(text, ""),
    "story": lambda text: _seeded(text).choice(_STORIES) + text,
}


def is_chinese(text: str) -> bool:
    """Say whether a text is Chinese characters and nothing else, so that every way suits it."""
    return bool(re.fullmatch(rf"[{HAN}]+", text))
