"""What the bot keeps in mind between two turns, as plain JSON in `Conversation.dialog`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from handlers.base import SetDialog, Turn


@dataclass(frozen=True, slots=True)
class Dialog:
    """A form that was begun, and how often in a row the bot failed.

    `form` is the form's name with its version; `misses` counts questions nobody could answer,
    `unsure` those answered with suggestions at best, `unhelpful` answers that did not help.
    """

    form: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    paused: bool = False
    misses: int = 0
    unsure: int = 0
    unhelpful: int = 0

    @classmethod
    def of(cls, turn: Turn) -> Self:
        """Read it back; what an older version wrote and this one cannot read is forgotten."""
        return cls.read(turn.conversation.dialog)

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """Read stored JSON; anything of the wrong kind counts as not there."""
        stored = stored or {}
        form, fields = stored.get("form"), stored.get("fields")
        counts = {name: stored.get(name) for name in ("misses", "unsure", "unhelpful")}
        return cls(
            form=form if isinstance(form, str) else None,
            fields={str(name): str(value) for name, value in fields.items()}
            if isinstance(fields, dict)
            else {},
            paused=stored.get("paused") is True,
            **{name: count for name, count in counts.items() if isinstance(count, int)},
        )

    def asking(self, form: str) -> bool:
        """Say whether this form's next question is open."""
        return self.form == form and not self.paused

    def pause(self) -> Self:
        """Put the form aside; it can be resumed."""
        return replace(self, paused=True) if self.form else self

    def calm(self) -> Self:
        """Forget that questions were missed."""
        return replace(self, misses=0, unsure=0)

    def keep(self) -> SetDialog:
        """Return the action that remembers this."""
        stored = {name: value for name, value in asdict(self).items() if value}
        return SetDialog(stored or None)
