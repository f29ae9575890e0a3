"""What an operator may set about answering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from faq.matcher import Entry


class FaqConfig(BaseModel):
    """How sure the bot must be, and what it may use to become so.

    The thresholds follow from `precision_target` (the share of given answers that must be
    right) unless they are set here themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision_target: float = Field(
        default=0.95, ge=0.5, le=0.99, description="the share of given answers that must be right"
    )
    strict_precision_target: float = Field(
        default=0.98, ge=0.5, le=0.99, description="the same for entries in `strict_categories`"
    )
    answer_threshold: float | None = Field(
        default=None, ge=0, le=1, description="answer from this confidence, instead of the target"
    )
    strict_answer_threshold: float | None = Field(
        default=None, ge=0, le=1, description="the same for entries in `strict_categories`"
    )
    suggest_threshold: float = Field(
        default=0.15, ge=0, le=1, description="offer questions to choose from this confidence"
    )
    category_thresholds: Mapping[str, float] = Field(
        default_factory=dict,
        description="answer entries of a category from this confidence, whatever is said above; "
        "what an administrator applies at the desk counts before this",
    )
    learning_minimum: int = Field(
        default=30,
        ge=10,
        le=10_000,
        description="how many judged answers a category needs before a threshold is suggested",
    )
    strict_categories: tuple[str, ...] = (
        "refund",
        "payment",
        "legal",
        "compensation",
        "privacy",
        "退款",
        "支付",
        "赔",
        "法律",
        "隐私",
    )
    """An entry whose category or kind contains one of these needs the strict target."""
    replay_days: int = Field(
        default=30, ge=1, le=366, description="how many days of questions a draft is tried on"
    )
    replay_most: int = Field(
        default=5000, ge=0, le=50_000, description="how many of them at most, the newest first"
    )
    encoder: Literal["auto", "off"] = "auto"
    """`auto` uses the sentence encoder where the extra `semantic` is installed."""
    learn: bool = Field(
        default=True,
        description="fit the matcher to the base's own questions, in a process of its own",
    )
    query_chars: int = Field(
        default=500, ge=50, le=5000, description="how much of a long message is matched"
    )
    budget_ms: int = Field(
        default=200,
        ge=20,
        le=10_000,
        description="milliseconds of a processor; a question that takes more counts as missed",
    )
    patience_ms: int = Field(
        default=1000,
        ge=20,
        le=10_000,
        description="milliseconds in all, waiting for a processor included; `budget_ms` where that "
        "is more",
    )

    def threshold(self, entry: Entry) -> float | None:
        """Return the confidence that was set for this entry's like, None where none was."""
        limit = self.category_thresholds.get(entry.category or entry.kind)
        if limit is not None:
            return limit
        return self.strict_answer_threshold if self.is_strict(entry) else self.answer_threshold

    def target(self, entry: Entry) -> float:
        """Return the share of answers from this entry's like that must be right."""
        strict = max(self.strict_precision_target, self.precision_target)
        return strict if self.is_strict(entry) else self.precision_target

    def is_strict(self, entry: Entry) -> bool:
        """Say whether a wrong answer from this entry costs more than others."""
        if entry.rules.risk == "strict":
            return True
        about = f"{entry.category} {entry.kind}".lower()
        return any(word in about for word in self.strict_categories)
