"""The list of entries and what they did are counted without reading every word and fact."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_ANSWERED, _SUGGESTED = text("fact = 'faq.answered'"), text("fact = 'faq.suggested'")
_HANDED = text("fact = 'conversation.handed_off'")
_NOW, _ENDED = text("live_to IS NULL"), text("live_to IS NOT NULL")


def upgrade() -> None:
    server = op.get_bind().dialect.name == "postgresql"
    entry = text("(data ->> 'entry')" if server else "json_extract(data, '$.entry')")
    for name, columns, which in (
        ("activity_of_entry", [entry, "conversation_id", "at"], _ANSWERED),
        ("activity_of_offers", ["at"], _SUGGESTED),
        ("activity_of_handoffs", ["conversation_id"], _HANDED),
    ):
        op.create_index(name, "activity", columns, sqlite_where=which, postgresql_where=which)
    op.create_index(
        "version_now",
        "articleversion",
        ["article_id", "live_from", "number"],
        sqlite_where=_NOW,
        postgresql_where=_NOW,
    )
    op.create_index(
        "version_ended",
        "articleversion",
        ["live_to"],
        sqlite_where=_ENDED,
        postgresql_where=_ENDED,
    )
    op.drop_index("ix_articleversion_live_to", table_name="articleversion")


def downgrade() -> None:
    op.create_index("ix_articleversion_live_to", "articleversion", ["live_to"])
    op.drop_index("version_ended", table_name="articleversion")
    op.drop_index("version_now", table_name="articleversion")
    for name in ("activity_of_handoffs", "activity_of_offers", "activity_of_entry"):
        op.drop_index(name, table_name="activity")
