"""Every push is taken for a new message."""

from itertools import count

from bot.intake import Intake

expected = frozenset({"dup_inbound", "dup_reply"})


def seed() -> None:
    real, numbers = Intake._keep, count()

    async def keep(self, inbox, reception, *args):
        messages = tuple(
            message.model_copy(
                update={
                    "dedupe_key": f"{message.dedupe_key}:{next(numbers)}",
                    "platform_id": None,
                }
            )
            for message in reception.messages
        )
        changed = type(reception)(
            messages, reception.quarantined, reception.status, reception.body, reception.headers
        )
        return await real(self, inbox, changed, *args)

    Intake._keep = keep
