"""What a message is another wording of, and where a conversation's customer came from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("replaces", sa.Integer(), nullable=True))
    op.add_column("conversation", sa.Column("context", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("conversation") as batch:
        batch.drop_column("context")
    with op.batch_alter_table("message") as batch:
        batch.drop_column("replaces")
