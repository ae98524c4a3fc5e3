"""Linked accounts at OpenID providers

Why: people sign in with Google or another OpenID provider, which identifies them by a subject that
stays the same when their address changes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    op.create_table(
        "linked_accounts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_linked_accounts_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_linked_accounts"),
        sa.UniqueConstraint("issuer", "subject", name="uq_linked_accounts_issuer_subject"),
    )
    op.create_index("ix_linked_accounts_user_id", "linked_accounts", ["user_id"])


def downgrade() -> None:
    op.drop_table("linked_accounts")
