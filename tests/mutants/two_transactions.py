"""A message is marked as handled in one transaction, and its reply written in the next."""

from sqlalchemy import update

from bot import settle
from storage import transport
from storage.batches import Batches
from storage.models import InboundEvent, Lane, LaneKind
from storage.upsert import table_of
from tests.mutants.seams import replace

expected = frozenset({"lost_reply"})
quiet = True


def handled(connection, event, now) -> None:
    events, lanes = table_of(InboundEvent), table_of(Lane)
    connection.execute(update(events).where(events.c.id == event.id).values(done_at=now))
    connection.execute(
        update(lanes)
        .where(lanes.c.kind == LaneKind.IN, lanes.c.key == event.lane)
        .values(done=lanes.c.done + 1)
    )


def seed() -> None:
    def make(add):
        async def wrapped(self, item):
            if not isinstance(item, settle.Thought):
                return await add(self, item)
            await self._db.run(handled, item.event, item.at)
            await add(self, item)
            return True

        return wrapped

    replace(Batches, "add", make)
    replace(settle, "_check", lambda _check: lambda *_args: None)
    replace(transport, "finish_all", lambda _finish: lambda *_args: None)
