"""A message is found by its echo in one step; no index is kept that nobody reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    echo, ticket = sa.text("echo_id IS NOT NULL"), sa.text("ticket_id IS NOT NULL")
    op.create_index(
        "one_message_per_echo",
        "message",
        ["conversation_id", "echo_id"],
        unique=True,
        sqlite_where=echo,
        postgresql_where=echo,
    )
    op.create_index(
        "activity_of_ticket",
        "activity",
        ["ticket_id"],
        sqlite_where=ticket,
        postgresql_where=ticket,
    )
    op.drop_index("ix_message_conversation_id", table_name="message")
    op.drop_index("ix_activity_fact", table_name="activity")
    op.drop_index("ix_activity_ticket_id", table_name="activity")


def downgrade() -> None:
    op.create_index("ix_activity_ticket_id", "activity", ["ticket_id"])
    op.create_index("ix_activity_fact", "activity", ["fact"])
    op.create_index("ix_message_conversation_id", "message", ["conversation_id"])
    op.drop_index("activity_of_ticket", table_name="activity")
    op.drop_index("one_message_per_echo", table_name="message")
