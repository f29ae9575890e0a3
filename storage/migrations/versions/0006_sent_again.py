"""A message that was sent again no longer waits for a decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "delivery",
        sa.Column("superseded", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("delivery_trouble", "delivery", ["status", "created_at"])


def downgrade() -> None:
    op.drop_index("delivery_trouble", table_name="delivery")
    op.drop_column("delivery", "superseded")
