"""Slots for the answers that ride in a platform's own call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

EVENT = sa.table(
    "inboundevent",
    sa.column("id", sa.Uuid()),
    sa.column("received_at", sa.DateTime(timezone=True)),
    sa.column("done_at", sa.DateTime(timezone=True)),
    sa.column("answer", sa.JSON()),
)
SLOT = sa.table(
    "passiveslot",
    sa.column("event_id", sa.Uuid()),
    sa.column("until", sa.DateTime(timezone=True)),
    sa.column("state", sa.String()),
    sa.column("answer", sa.JSON()),
    sa.column("carries", sa.JSON()),
    sa.column("changed_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.create_table(
        "passiveslot",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("carries", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["inboundevent.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("slot_state", "passiveslot", ["state", "changed_at"], unique=False)
    answered = sa.select(
        EVENT.c.id,
        EVENT.c.received_at,
        sa.literal("given"),
        EVENT.c.answer,
        sa.literal([], sa.JSON()),
        sa.func.coalesce(EVENT.c.done_at, EVENT.c.received_at),
    ).where(EVENT.c.answer.is_not(None), sa.cast(EVENT.c.answer, sa.String()) != "null")
    op.execute(sa.insert(SLOT).from_select([column.name for column in SLOT.c], answered))
    op.drop_column("inboundevent", "answer")


def downgrade() -> None:
    op.add_column("inboundevent", sa.Column("answer", sa.JSON(), nullable=True))
    answer = sa.select(SLOT.c.answer).where(SLOT.c.event_id == EVENT.c.id).scalar_subquery()
    op.execute(sa.update(EVENT).values(answer=answer))
    op.drop_table("passiveslot")
