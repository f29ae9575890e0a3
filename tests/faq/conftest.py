"""What the tests of the matcher share."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from faq.config import FaqConfig
from faq.encoder import CachedEncoder, Vectors
from faq.hybrid import HybridMatcher
from faq.matcher import Entry
from faq.tokens import Tokens

SETS = Path(__file__).parent / "sets"


class FakeEncoder:
    """Hears only characters: texts that share many are near."""

    name = "fake-1"

    def __init__(self) -> None:
        self.calls: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.calls += texts
        rows = [self._vector(text) for text in texts]
        return np.asarray(rows, np.float32).reshape(len(texts), 64)

    def has_word(self, word: str) -> bool:
        return word in {"shopping", "cancelled"}

    def _vector(self, text: str) -> Vectors:
        vector = np.full(64, 1e-3, np.float32)
        for character in text:
            vector[hashlib.sha1(character.encode()).digest()[0] % 64] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def make_matcher(tokens) -> Callable[..., HybridMatcher]:
    def make(
        entries: Sequence[Entry],
        config: FaqConfig | None = None,
        encoder: CachedEncoder | None = None,
    ) -> HybridMatcher:
        return HybridMatcher.build(entries, config or FaqConfig(), tokens, encoder)

    return make


@pytest.fixture(scope="session")
def shop() -> list[Entry]:
    """The small set of a shop's questions that was written for this project."""
    lines = (SETS / "zh_ecom_own" / "faq.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Entry(row["id"], row["question"], tuple(row["similar_questions"])) for row in rows]
