"""How fast each inbox may be sent to is shared by all senders and survives a restart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OUT = sa.text("kind = 'out'")


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("inbox", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("inbox", "chat"),
    )
    op.create_index(
        "lane_outbound", "lane", ["inbox", "ready_at"], sqlite_where=OUT, postgresql_where=OUT
    )


def downgrade() -> None:
    op.drop_index("lane_outbound", table_name="lane")
    op.drop_table("pace")
