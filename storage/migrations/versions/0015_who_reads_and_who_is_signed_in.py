"""How far each side has read, and whom a website vouched for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "readmark",
        sa.Column("inbox", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("by_contact", sa.Integer(), nullable=False),
        sa.Column("by_agent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("inbox", "thread"),
    )
    with op.batch_alter_table("identity") as batch:
        batch.add_column(sa.Column("user_id", sa.String(), nullable=True))
        batch.add_column(sa.Column("attributes", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("identity") as batch:
        batch.drop_column("attributes")
        batch.drop_column("user_id")
    op.drop_table("readmark")
