"""Receipts across a block

Why: whoever reads while a block stands knows how far they have read; the other one must not.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("participants") as batch:
        batch.add_column(
            sa.Column("receipt_seq", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.execute("UPDATE participants SET receipt_seq = last_read_seq")
    with op.batch_alter_table("participants") as batch:
        batch.alter_column("receipt_seq", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("participants") as batch:
        batch.drop_column("receipt_seq")
