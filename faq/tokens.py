"""Cuts normalised text into what is counted: words, character n-grams, concepts."""

from __future__ import annotations

import importlib
import logging
import re
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

from faq.normalize import HAN, normalize

Cut = Callable[[str], list[str]]

_WORD = re.compile(r"\w")
_RUNS = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:[.\-'][^\W_{HAN}]+)*")
_HAN = re.compile(rf"[{HAN}]")
_LATIN = re.compile(r"[a-z0-9][a-z0-9.\-']*")
_COMPOUND = re.compile(r"[A-Za-z0-9]+(?:[._\-][A-Za-z0-9]+|(?<=[0-9])(?=[A-Za-z]))+%?")
_MIXED_LATIN = 3
_PHRASE_CHARS = 10
_PHRASE_WORDS = 4
_loading = threading.Lock()


class Tokens:
    """The words of a text, by rjieba where it is installed, else by jieba itself.

    jieba's dictionary cache is unmarshalled when it starts, so it lives in a folder that only
    we can write: `cache_dir`, or a fresh one of our own. Nothing is loaded before `warm_up` or
    the first word.
    """

    def __init__(self, cache_dir: Path | None = None) -> None:
        self._cache_dir = cache_dir
        self._cut: Cut | None = None

    @property
    def backend(self) -> str:
        """Name what cuts: rjieba or jieba."""
        return "rjieba" if is_fast() else "jieba"

    def warm_up(self) -> None:
        """Load the dictionary now, so that no customer waits for it."""
        self.words("如何申请退货")

    def words(self, text: str) -> list[str]:
        """Return the words of normalised text, without spaces and marks."""
        if not text:
            return []
        cut = self._cut or self._load()
        return [word for part in cut(text) if _WORD.search(word := part.strip())]

    def _load(self) -> Cut:
        with _loading:
            if self._cut is None:
                self._cut = _rjieba() or _jieba(self._cache_dir)
            return self._cut


def is_fast() -> bool:
    """Say whether the extra `fast` is installed and can be loaded."""
    return _rjieba() is not None


def _rjieba() -> Cut | None:
    try:
        cut: Cut = importlib.import_module("rjieba").cut
    except ImportError:  # not there, or built for another machine
        return None
    return cut


def _jieba(cache_dir: Path | None) -> Cut:
    folder = cache_dir or Path(tempfile.mkdtemp(prefix="yingda-jieba-"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    jieba = importlib.import_module("jieba")
    jieba.setLogLevel(logging.WARNING)
    jieba.dt.tmp_dir = str(folder)
    jieba.initialize()
    return _whole(jieba.lcut)


def _whole(cut: Cut) -> Cut:
    """Return what leaves Latin words with marks inside whole, as rjieba does: `usb-c`, `2.4g`."""

    def words(text: str) -> list[str]:
        ends = {found.start(): found.end() for found in _COMPOUND.finditer(text)}
        if not ends:
            return cut(text)
        found: list[str] = []
        at = until = 0
        for word in cut(text):
            if at < until and at + len(word) <= until:
                found[-1] += word
            else:
                found.append(word)
                until = ends.get(at, 0)
            at += len(word)
        return found

    return words


def char_grams(text: str) -> list[str]:
    """Return 1 to 3 characters of Han runs, and words and 3 to 5 letters of the others."""
    grams: list[str] = []
    for run in _RUNS.findall(text):
        if _HAN.match(run):
            grams += [run[i : i + n] for n in (1, 2, 3) for i in range(len(run) - n + 1)]
        else:
            grams.append(f"<{run}>")
            marked = f"<{run}>"
            for size in (3, 4, 5):
                if len(marked) > size:
                    grams += [marked[i : i + size] for i in range(len(marked) - size + 1)]
    return grams


class Concepts:
    """A small table of words that mean the same at a shop's counter, in any language.

    Each line of the table is one concept. The longest phrase wins, so that a word inside a
    longer one is not counted.
    """

    def __init__(self, phrases: Mapping[str, str]) -> None:
        self._phrases = dict(phrases)
        self._sizes: dict[str, list[int]] = {}
        for phrase in sorted(phrases, key=len, reverse=True):
            sizes = self._sizes.setdefault(phrase[0], [])
            if len(phrase) not in sizes and len(phrase) <= _PHRASE_CHARS:
                sizes.append(len(phrase))

    @property
    def phrases(self) -> frozenset[str]:
        """All that is listed, in compared form."""
        return frozenset(self._phrases)

    def find(self, text: str) -> list[str]:
        """Return the concepts of normalised text, each once."""
        found: dict[str, None] = {}
        for run in _RUNS.finditer(text):
            if _HAN.match(run.group()):
                self._in_han(run.group(), found)
        self._in_words(_LATIN.findall(text), found)
        return list(found)

    def _in_han(self, run: str, found: dict[str, None]) -> None:
        at = 0
        while at < len(run):
            step = 1
            for size in self._sizes.get(run[at], ()):
                concept = self._phrases.get(run[at : at + size])
                if concept is not None and at + size <= len(run):
                    found[concept] = None
                    step = size
                    break
            at += step

    def _in_words(self, words: list[str], found: dict[str, None]) -> None:
        at = 0
        while at < len(words):
            step = 1
            for size in range(min(_PHRASE_WORDS, len(words) - at), 0, -1):
                concept = self._phrases.get(" ".join(words[at : at + size]))
                if concept is not None:
                    found[concept] = None
                    step = size
                    break
            at += step


@lru_cache(maxsize=1)
def shop_concepts() -> Concepts:
    """Return the table that ships with the product."""
    table = resources.files("faq").joinpath("concepts.txt").read_text(encoding="utf-8")
    phrases: dict[str, str] = {}
    for line in table.splitlines():
        name, _, rest = line.partition("=")
        if rest and not line.startswith("#"):
            for phrase in rest.split("|"):
                phrases[normalize(phrase)] = f"={name.strip()}"
    phrases.pop("", None)
    return Concepts(phrases)


def language_of(text: str) -> str:
    """Tell Chinese from English by the script that carries the text."""
    han = len(_HAN.findall(text))
    return "zh" if han and han * _MIXED_LATIN >= len(_LATIN.findall(text)) else "en"
