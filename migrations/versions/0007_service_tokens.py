"""Service tokens and external ids

Why: another application that owns users and conversations creates accounts here and acts for them,
with its own credential that can be revoked.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_tokens",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=255), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_service_tokens_token_hash"),
    )
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        "uq_service_tokens_name_live",
        "service_tokens",
        ["name"],
        unique=True,
        postgresql_where=live,
        sqlite_where=live,
    )
    # Not in a batch: making "users" anew would fail on the rows that point to it.
    op.add_column("users", sa.Column("external_id", sa.String(length=255), nullable=True))
    op.create_index("ix_users_external_id", "users", ["external_id"], unique=True)
    with op.batch_alter_table("sign_ins") as batch:
        batch.add_column(sa.Column("service_token_id", sa.Uuid(as_uuid=False), nullable=True))
        batch.create_index("ix_sign_ins_service_token_id", ["service_token_id"])
        batch.create_foreign_key(
            "fk_sign_ins_service_token_id", "service_tokens", ["service_token_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("sign_ins") as batch:
        batch.drop_constraint("fk_sign_ins_service_token_id", type_="foreignkey")
        batch.drop_index("ix_sign_ins_service_token_id")
        batch.drop_column("service_token_id")
    op.drop_index("ix_users_external_id", table_name="users")
    op.drop_column("users", "external_id")
    op.drop_table("service_tokens")
