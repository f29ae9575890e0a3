"""Reads what was typed by its sound: pinyin, and characters that only sound like the right ones.

`sounds.txt` gives each character its commonest reading without tone, `common.txt` common words,
the commonest first; a knowledge base's own words come before both.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources

from faq.normalize import HAN
from faq.tokens import shop_concepts

_LETTERS = re.compile(r"[a-z' ]+")
_PINYIN = re.compile(r"[^a-z]+")
_HAN_RUN = re.compile(rf"[{HAN}]+")
_LONGEST_LETTERS = 24
_LONGEST_WORD = 6
_OWN = 0.6
"""How much of the belief in a word comes from the knowledge base's own questions."""
_OTHER_CHARACTER = 5.0
"""What it costs to take one character for another that sounds alike."""
_UNKNOWN = 14.0
_LEAST_LETTERS = 4
_MOST_LETTERS = 120
_MOST_READ = 2000
_LONGEST_SYLLABLE = 6


@lru_cache(maxsize=1)
def readings() -> dict[str, str]:
    """Return each character's reading."""
    text = resources.files("faq").joinpath("sounds.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        sound, _, characters = line.partition(" ")
        found.update(dict.fromkeys(characters, sound))
    return found


@lru_cache(maxsize=1)
def _common() -> dict[str, float]:
    """Return how likely common words are, by their rank."""
    text = resources.files("faq").joinpath("common.txt").read_text(encoding="utf-8")
    weights = {word: 1 / (rank + 10) for rank, word in enumerate(text.split())}
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()}


@lru_cache(maxsize=1)
def common_characters() -> dict[str, str]:
    """Return the characters of common words by their reading."""
    found: dict[str, dict[str, None]] = {}
    for character in "".join(_common()):
        found.setdefault(readings()[character], {})[character] = None
    return {sound: "".join(characters) for sound, characters in found.items()}


@dataclass(frozen=True, slots=True)
class _Words:
    """Words with what it costs to believe in them, by their sounds and by their letters."""

    costs: dict[str, float] = field(default_factory=dict)
    by_sound: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    by_letters: dict[str, str] = field(default_factory=dict)

    def add(self, word: str, cost: float) -> None:
        """Add a word, or make one cheaper that is there."""
        sound = tuple(readings().get(character, "") for character in word)
        if not all(sound):
            return
        if word not in self.costs:
            self.by_sound[sound] = (*self.by_sound.get(sound, ()), word)
        self.costs[word] = cost
        letters = "".join(sound)
        known = self.by_letters.get(letters)
        if known is None or cost < self.costs[known]:
            self.by_letters[letters] = word

    def copy(self) -> _Words:
        """Return the same words, to which others can be added."""
        return _Words(dict(self.costs), dict(self.by_sound), dict(self.by_letters))


@lru_cache(maxsize=1)
def _language() -> _Words:
    """Return the words of the language, which no knowledge base changes."""
    words = _Words()
    for word, chance in _common().items():
        words.add(word, -math.log((1 - _OWN) * chance))
    return words


class Sounds:
    """The words of one knowledge base and of the language, by how they sound."""

    def __init__(self, own: Mapping[str, int]) -> None:
        words = {w: n for w, n in own.items() if len(w) <= _LONGEST_WORD and _HAN_RUN.fullmatch(w)}
        total = sum(words.values()) or 1
        common, known = _common(), _language().copy()
        for word, often in words.items():
            chance = _OWN * often / total + (1 - _OWN) * common.get(word, 0.0)
            known.add(word, -math.log(chance))
        self._costs, self._by_sound = known.costs, known.by_sound
        self._by_letters = known.by_letters

    def from_pinyin(self, text: str) -> str | None:
        """Return the characters of a text that is pinyin from end to end, else None."""
        letters = _PINYIN.sub("", text)
        if not _LETTERS.fullmatch(text) or not _LEAST_LETTERS <= len(letters) <= _MOST_LETTERS:
            return None
        if syllables(text) is None:
            return None
        best: list[tuple[float, int, str]] = [(0.0, 0, "")]
        for end in range(1, len(letters) + 1):
            ways = [(math.inf, 0, "")]
            for start in range(max(0, end - _LONGEST_LETTERS), end):
                word = self._by_letters.get(letters[start:end])
                if word is not None:
                    ways.append((best[start][0] + self._costs[word], start, word))
            best.append(min(ways))
        return _spelled(best) if best[-1][0] < math.inf else None

    def corrected(self, text: str) -> str:
        """Return a text with characters in place that sound alike and make known words."""
        return _HAN_RUN.sub(lambda found: self._corrected(found.group()), text)

    def _corrected(self, run: str) -> str:
        sounds = [readings().get(character, "") for character in run]
        best: list[tuple[float, int, str]] = [(0.0, 0, "")]
        for end in range(1, len(run) + 1):
            ways = [(best[end - 1][0] + _UNKNOWN, end - 1, run[end - 1])]
            for start in range(max(0, end - _LONGEST_WORD), end):
                said = run[start:end]
                for word in self._by_sound.get(tuple(sounds[start:end]), ()):
                    changed = sum(a != b for a, b in zip(word, said, strict=True))
                    if changed and len(word) == 1:
                        continue
                    cost = self._costs[word] + _OTHER_CHARACTER * changed
                    ways.append((best[start][0] + cost, start, word))
            best.append(min(ways))
        return _spelled(best)


def _spelled(best: list[tuple[float, int, str]]) -> str:
    words: list[str] = []
    at = len(best) - 1
    while at > 0:
        _, at, word = best[at]
        words.append(word)
    return "".join(reversed(words))


@lru_cache(maxsize=1)
def _syllables() -> frozenset[str]:
    return frozenset(readings().values())


@lru_cache(maxsize=1)
def _shop_words() -> frozenset[str]:
    """Return how the Chinese words of a shop's counter are written in letters."""
    sounds = readings()
    found = filter(_HAN_RUN.fullmatch, shop_concepts().phrases)
    return frozenset("".join(sounds.get(c, "?") for c in word) for word in found if len(word) > 1)


def is_shop_word(text: str) -> bool:
    """Say whether small letters are the pinyin of one word of a shop's counter: `fapiao`."""
    return _PINYIN.sub("", text) in _shop_words()


def syllables(text: str) -> int | None:
    """Return how few syllables a text of small letters is, None where it is no pinyin."""
    parts = text[:_MOST_READ].replace("'", " ").split()
    counts = [_cut(part) for part in parts]
    return None if None in counts else sum(count or 0 for count in counts)


def _cut(letters: str) -> int | None:
    """Return into how few syllables letters can be cut without a rest."""
    known = _syllables()
    fewest: list[int | None] = [0] + [None] * len(letters)
    for end in range(1, len(letters) + 1):
        ways = [
            before + 1
            for start in range(max(0, end - _LONGEST_SYLLABLE), end)
            if (before := fewest[start]) is not None and letters[start:end] in known
        ]
        fewest[end] = min(ways, default=None)
    return fewest[-1]
