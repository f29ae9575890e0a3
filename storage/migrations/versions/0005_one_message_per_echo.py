"""A message is found by its echo in one step; positions are an index already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "one_message_per_echo",
        "message",
        ["conversation_id", "echo_id"],
        unique=True,
        sqlite_where=sa.text("echo_id IS NOT NULL"),
        postgresql_where=sa.text("echo_id IS NOT NULL"),
    )
    op.drop_index("ix_message_conversation_id", table_name="message")


def downgrade() -> None:
    op.create_index("ix_message_conversation_id", "message", ["conversation_id"])
    op.drop_index("one_message_per_echo", table_name="message")
