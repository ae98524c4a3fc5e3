"""By which name somebody is mentioned, and where everybody is

Why: whoever takes another username stays marked in what mentioned them, and nobody who takes their
old one is marked instead. The unread messages that mention everybody are found without reading the
others.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INDEX = "ix_messages_mentions_all"


def upgrade() -> None:
    op.add_column(
        "mentions",
        sa.Column("username", sa.String(length=30), nullable=False, server_default=""),
    )
    op.create_index(
        _INDEX,
        "messages",
        ["conversation_id", "seq"],
        sqlite_where=sa.text("mentions_all = 1"),
        postgresql_where=sa.text("mentions_all"),
    )


def downgrade() -> None:
    op.drop_index(_INDEX, table_name="messages")
    op.drop_column("mentions", "username")
