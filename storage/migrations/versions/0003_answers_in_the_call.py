"""Slots for the answers that ride in a platform's own call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

CARRY_OVER = """
INSERT INTO passiveslot (event_id, until, state, answer, carries, changed_at)
SELECT id, received_at, 'given', answer, '[]', COALESCE(done_at, received_at)
FROM inboundevent WHERE answer IS NOT NULL AND CAST(answer AS VARCHAR) != 'null'
"""

CARRY_BACK = """
UPDATE inboundevent SET answer =
(SELECT answer FROM passiveslot WHERE passiveslot.event_id = inboundevent.id)
"""


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
    op.execute(CARRY_OVER)
    op.drop_column("inboundevent", "answer")


def downgrade() -> None:
    op.add_column("inboundevent", sa.Column("answer", sa.JSON(), nullable=True))
    op.execute(CARRY_BACK)
    op.drop_table("passiveslot")
