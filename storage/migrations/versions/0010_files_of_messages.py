"""Files of messages are fetched, kept, and forgotten."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

TO_DO = sa.text("state IN ('waiting', 'doomed')")
LOOSE = sa.text("message_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "mediafile",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("inbox", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"]),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"]),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_mediafile_conversation_id", "mediafile", ["conversation_id"])
    op.create_index("ix_mediafile_message_id", "mediafile", ["message_id"])
    op.create_index(
        "media_to_do", "mediafile", ["next_at"], sqlite_where=TO_DO, postgresql_where=TO_DO
    )
    op.create_index(
        "media_loose", "mediafile", ["created_at"], sqlite_where=LOOSE, postgresql_where=LOOSE
    )


def downgrade() -> None:
    op.drop_table("mediafile")
