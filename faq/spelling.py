"""Reads a misspelt word as the word of the knowledge base that it was most likely meant to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

_WORD = re.compile(r"(?<![\w.\-'])[a-z]{6,24}(?![\w.\-'])")
_LETTERS = re.compile(r"[a-z]{5,24}")
_VOWELS = re.compile(r"[aeiou]")
_TWICE = re.compile(r"(.)\1+")
_LONG = 7
"""From so many letters on any one may be wrong, and two where the word still reads the same."""
_MOST_SLIPS = 2
_MOST_WORDS = 6
"""Of more unknown words than these a text is no misspelt one, but of another language."""
_TRIED = 8


class Spelling:
    """The words of one knowledge base, by their first letter: a slip hardly ever changes that."""

    def __init__(self, often: Mapping[str, int]) -> None:
        self._often = {word: n for word, n in often.items() if _LETTERS.fullmatch(word)}
        self._by_letter: dict[str, list[str]] = {}
        for word in self._often:
            self._by_letter.setdefault(word[0], []).append(word)

    def corrected(self, text: str, is_word: Callable[[str], bool]) -> str:
        """Return a text with words of the base in the place of those that are none.

        What `is_word` knows stays: a word that the base lacks is mostly no slip.
        """
        found = {word for word in _WORD.findall(text) if word not in self._often}
        unknown = [word for word in sorted(found) if not is_word(word)]
        if not unknown or len(unknown) > _MOST_WORDS:
            return text
        meant = {word: self._meant(word) for word in unknown}
        return _WORD.sub(lambda word: meant.get(word.group(), word.group()), text)

    def _meant(self, word: str) -> str:
        near = process.extract(
            word,
            self._by_letter.get(word[0], ()),
            scorer=OSA.distance,
            score_cutoff=_MOST_SLIPS,
            limit=_TRIED,
        )
        ways = [
            (slips, -self._often[other], other)
            for other, slips, _ in near
            if _is_slip(word, other, int(slips))
        ]
        return min(ways)[2] if ways else word


def _is_slip(said: str, meant: str, slips: int) -> bool:
    """Say whether one is likely the other misspelt, and no word or ending of its own."""
    if said.startswith(meant) or meant.startswith(said):
        return False
    same = _sounded(said) == _sounded(meant) or sorted(said) == sorted(meant)
    return same if len(said) < _LONG or slips == _MOST_SLIPS else True


def _sounded(word: str) -> str:
    """Return what is heard of a word: its first letter and the consonants, each once."""
    return _TWICE.sub(r"\1", word[0] + _VOWELS.sub("", word[1:]))
