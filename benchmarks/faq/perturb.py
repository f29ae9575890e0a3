"""What customers do to a question, and what becomes of the answer.

python -m benchmarks.faq.perturb SET [SET ...]

Each way changes a text, always the same one in the same way; only queries of Chinese characters and
nothing else are taken, so that every way suits each. The base is fitted to its own questions.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import opencc

from faq.config import FaqConfig
from faq.demo import demo_entries
from faq.encoder import CachedEncoder, load
from faq.evaluate import calibrate, read_queries
from faq.hybrid import HybridMatcher
from faq.importer import read_jsonl_entries
from faq.matcher import Band
from faq.normalize import HAN
from faq.sounds import common_characters, readings
from faq.tokens import Tokens

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


def right_of(matcher: HybridMatcher, pairs: list[tuple[str, str]]) -> tuple[int, int, int]:
    """Return how many are right, how many are answered, and how many answers are wrong."""
    right = answered = wrong = 0
    for text, wanted in pairs:
        decision = matcher.decide(text)
        hit = bool(decision.candidates) and decision.candidates[0].entry.id == wanted
        right += hit
        answered += decision.band is Band.ANSWER
        wrong += decision.band is Band.ANSWER and not hit
    return right, answered, wrong


def both_of(matcher: HybridMatcher, pairs: list[tuple[str, str]]) -> float:
    """Return how often both of two questions in one message are among the first three."""
    found = 0
    others = pairs[1:] + pairs[:1]
    for (one, first), (two, second) in zip(pairs, others, strict=True):
        shown = matcher.decide(f"{one}？还有{two}").candidates[:3]
        found += {first, second} <= {candidate.entry.id for candidate in shown}
    return found / len(pairs)


def measure_set(folder: Path) -> None:
    """Print a line for each way."""
    path = folder / "faq.jsonl"
    entries = read_jsonl_entries(path) if path.exists() else list(demo_entries())
    encoder = load()
    cached = None if encoder is None else CachedEncoder(encoder)
    matcher = calibrate(HybridMatcher.build(entries, FaqConfig(), Tokens(), cached), [])
    queries = read_queries(folder / "queries.dev.jsonl")
    pairs = [(q.text, q.faq_id) for q in queries if q.faq_id is not None and is_chinese(q.text)]
    print(f"{folder.name}, {len(pairs)} queries      right  answered  answered wrong")
    for way, change in WAYS.items():
        right, answered, wrong = right_of(matcher, [(change(text), key) for text, key in pairs])
        share = 100 / len(pairs)
        print(f"{way:30}{share * right:8.1f}{share * answered:10.1f}{wrong:16}", flush=True)
    print(f"{'two questions, both shown':30}{100 * both_of(matcher, pairs):8.1f}")
    denied = [(q.text, q.faq_id or "") for q in queries if q.kind == "neg"]
    if denied:
        right, answered, wrong = right_of(matcher, denied)
        print(f"{'negation':30}{100 * right / len(denied):8.1f}{answered:10}{wrong:16}")


if __name__ == "__main__":
    for named in sys.argv[1:]:
        measure_set(Path(named))
