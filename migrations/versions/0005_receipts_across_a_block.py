"""Read receipts during a block

Why: a person who reads during a block keeps track of how far, but the other person must not see it.
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
