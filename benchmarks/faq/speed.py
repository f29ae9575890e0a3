"""Measure a matcher's processor time, memory and start at a given number of questions.

python benchmarks/faq/speed.py [--questions 10000] [--lexical]
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from faq import encoder as encoders
from faq.config import FaqConfig
from faq.demo import demo_entries
from faq.encoder import CachedEncoder
from faq.hybrid import HybridMatcher
from faq.matcher import Entry
from faq.tokens import Tokens

THINGS = ["耳机", "音箱", "台灯", "沙发", "书桌", "床垫", "净化器", "扫地机"]
WISHES = [
    "什么时候发货",
    "可以退货吗",
    "保修多久",
    "怎么清洁",
    "支持定制吗",
    "有货吗",
    "怎么安装",
    "能便宜吗",
]
PLACES = ["北京", "上海", "广州", "成都", "杭州", "武汉", "西安", "南京"]


def grown(count: int) -> list[Entry]:
    """Return the demo's entries and as many made-up ones as it takes."""
    entries = list(demo_entries())
    rng = random.Random(1)
    have = sum(1 + len(entry.similar_questions) for entry in entries)
    while have < count:
        thing, wish, place = rng.choice(THINGS), rng.choice(WISHES), rng.choice(PLACES)
        model = rng.randrange(10_000)
        texts = [
            f"{place}{thing}{model}{wish}",
            f"{thing}{model}号{wish}",
            f"{model}{thing} {place}",
        ]
        entries.append(Entry(f"made-{len(entries)}", texts[0], tuple(texts[1:]), {"zh": "…"}))
        have += len(texts)
    return entries


def rss() -> float:
    """Return the process's memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--lexical", action="store_true")
    arguments = parser.parse_args()
    entries = grown(arguments.questions)
    with TemporaryDirectory() as folder:
        encoder = None
        if not arguments.lexical:
            begun = time.process_time()
            loaded = encoders.load()
            print(f"encoder loaded          {time.process_time() - begun:8.2f} CPU s")
            encoder = None if loaded is None else CachedEncoder(loaded, Path(folder))
        for name in ("first build", "build, vectors known"):
            begun = time.process_time()
            matcher = HybridMatcher.build(entries, FaqConfig(), Tokens(), encoder)
            print(f"{name:24}{time.process_time() - begun:8.2f} CPU s")
            if encoder is None:
                break
    texts = [entry.question + "呢请问一下" for entry in random.Random(2).choices(entries, k=300)]
    texts += ["我买的东西坏了想修", "包裹怎么还没到啊", "能开票吗", "how do I return this"] * 50
    spent = sorted(matcher.decide(text).cpu_ms for text in texts)
    middle, late = spent[len(spent) // 2], spent[int(len(spent) * 0.99)]
    print(f"decide p50 / p99        {middle:8.2f} / {late:.2f} CPU ms")
    print(f"memory                  {rss():8.0f} MB")


if __name__ == "__main__":
    main()
