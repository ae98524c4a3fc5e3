"""The username of each mention, and an index for mentions of everyone

Why: people stay mentioned after they change their username, and a person who takes their old one
isn't mentioned instead. Unread messages that mention everyone are found without reading the others.
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
