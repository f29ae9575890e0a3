"""Measure a matcher's processor time, memory and start at a given number of questions.

python -m benchmarks.faq.speed [--questions 10000]
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from faq import encoder as encoders
from faq.config import FaqConfig
from faq.demo import demo_entries
from faq.encoder import CachedEncoder
from faq.hybrid import HybridMatcher
from faq.literal import Literal
from faq.matcher import Entry
from faq.modes import ModeMatcher
from faq.tokens import Tokens

SWITCH_SECONDS = 0.0005
"""How often threads take turns in the service (`bot/cli/run.py`)."""
SCHEDULED = Path("/proc/thread-self/schedstat")
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


def prepared(count: int, folder: Path) -> None:
    """Print what a fresh process pays until it can answer; the vectors are stored."""
    encoder = None
    begun = time.process_time()
    loaded = encoders.load(folder)
    if loaded is not None:
        encoder = CachedEncoder(loaded, folder)
    print(f"encoder loaded          {time.process_time() - begun:8.2f} CPU s")
    entries = grown(count)
    begun = time.process_time()
    matcher = HybridMatcher.build(entries, FaqConfig(), Tokens(), encoder)
    print(f"index built             {time.process_time() - begun:8.2f} CPU s")
    print(f"memory                  {rss():8.0f} MB")
    answering(matcher, entries)
    editing(matcher, entries)
    print(f"memory in the end       {rss():8.0f} MB")


def answering(matcher: HybridMatcher, entries: list[Entry]) -> None:
    """Print what an answer costs, and how much of it is the encoder's."""
    texts = [entry.question + "呢请问一下" for entry in random.Random(2).choices(entries, k=300)]
    texts += ["我买的东西坏了想修", "包裹怎么还没到啊", "能开票吗", "how do I return this"] * 50
    for text in texts[:20]:
        matcher.decide(text)
    middle, late = spread([matcher.decide(text).cpu_ms for text in texts])
    print(f"decide p50 / p99        {middle:8.2f} / {late:.2f} CPU ms")
    if matcher.encoder is not None:
        alone = []
        for text in texts:
            begun = time.thread_time()
            matcher.encoder.encode([text])
            alone.append((time.thread_time() - begun) * 1000)
        middle, late = spread(alone)
        print(f"of which the encoder    {middle:8.2f} / {late:.2f} CPU ms")


def editing(matcher: HybridMatcher, entries: list[Entry]) -> None:
    """Print what an edit costs, and how long readers wait meanwhile, as in the service."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    quiet = stalls(lambda: time.sleep(1.0))
    spent = []

    def edit() -> None:
        config = FaqConfig()
        literal = Literal(config.query_chars).edited(entries, ())
        edited = ModeMatcher(literal, matcher, config)
        for number in range(40):
            entry = replace(entries[number], question=f"怎么给{number}号会员开通免邮服务")
            begun = time.thread_time()
            edited = edited.edited([entry], [])
            spent.append((time.thread_time() - begun) * 1000)
            time.sleep(0.01)
        assert edited.decide("怎么给7号会员开通免邮服务").candidates[0].entry.id == entries[7].id

    busy = stalls(edit)
    middle, late = spread(spent)
    print(f"edit p50 / p99          {middle:8.2f} / {late:.2f} CPU ms")
    print(f"a reader's wait p99.9   {quiet[0]:8.2f} ms before, {busy[0]:.2f} ms during edits")
    print(f"but for a processor     {quiet[1]:8.2f} ms before, {busy[1]:.2f} ms during edits")


def stalls(work: Callable[[], None]) -> tuple[float, float]:
    """Return how late a thread that wants to run each millisecond comes to do so.

    In all, and without what it waited for a processor that ran something else.
    """
    done = threading.Event()
    waits: list[tuple[float, float]] = []

    def read() -> None:
        while not done.is_set():
            queued, begun = in_queue(), time.perf_counter()
            time.sleep(0.001)
            wait = (time.perf_counter() - begun) * 1000 - 1
            waits.append((wait, wait - (in_queue() - queued)))

    reader = threading.Thread(target=read)
    reader.start()
    work()
    done.set()
    reader.join()
    late = int(len(waits) * 0.999)
    return sorted(wait for wait, _ in waits)[late], sorted(ours for _, ours in waits)[late]


def in_queue() -> float:
    """Return for how many milliseconds this thread has been ready and had no processor."""
    try:
        return int(SCHEDULED.read_text(encoding="ascii").split()[1]) / 1e6
    except OSError:
        return 0.0


def spread(values: list[float]) -> tuple[float, float]:
    """Return the median and the 99th of a hundred."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def main() -> None:
    """Print one line per figure, in a process that has done nothing else before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--vectors", type=Path, help="a folder to keep the vectors in")
    arguments = parser.parse_args()
    folder = arguments.vectors
    if folder is not None:
        prepared(arguments.questions, folder)
        return
    with TemporaryDirectory() as made:
        loaded = encoders.load(Path(made))
        if loaded is not None:
            HybridMatcher.build(
                grown(arguments.questions),
                FaqConfig(),
                Tokens(),
                CachedEncoder(loaded, Path(made)),
            )
        again = [sys.executable, "-m", "benchmarks.faq.speed", "--vectors", made]
        subprocess.run([*again, "--questions", str(arguments.questions)], check=True)


if __name__ == "__main__":
    main()
