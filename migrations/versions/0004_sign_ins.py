"""Sign-ins

Why: people can see and end every place where they are signed in, whether it is a browser or a
client with a token, and wherever sessions are stored. Existing tokens stay valid; browsers have to
sign in once more.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.Uuid(as_uuid=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("user_agent", sa.String(length=400), nullable=False),
        sa.Column("ip", sa.String(length=64), nullable=True),
        _moment("created_at"),
        _moment("last_used_at"),
        _moment("expires_at"),
        _moment("ended_at", nullable=True),
        sa.CheckConstraint("kind IN ('session', 'token', 'service')", name="ck_sign_ins_kind"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_ins_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
    )
    op.execute(
        """
        INSERT INTO sign_ins
            (id, user_id, kind, user_agent, created_at, last_used_at, expires_at, ended_at)
        SELECT id, user_id, 'token', '', created_at, updated_at, expires_at, revoked_at
        FROM access_tokens
        """
    )
    op.create_index("ix_sign_ins_user_id", "sign_ins", ["user_id"])
    op.create_index("ix_sign_ins_expires_at", "sign_ins", ["expires_at"])
    op.drop_index("ix_access_tokens_user_id", "access_tokens")
    op.drop_index("ix_access_tokens_expires_at", "access_tokens")
    op.drop_table("access_tokens")
    op.execute("DELETE FROM sessions")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_index("ix_sessions_user_id")
        sessions.drop_constraint("fk_sessions_user_id", type_="foreignkey")
        sessions.drop_column("user_id")


def downgrade() -> None:
    op.execute("DELETE FROM sessions")
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("user_id", _ID, nullable=True))
        sessions.create_foreign_key("fk_sessions_user_id", "users", ["user_id"], ["id"])
        sessions.create_index("ix_sessions_user_id", ["user_id"])
    op.create_table(
        "access_tokens",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        _moment("expires_at"),
        _moment("revoked_at", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_access_tokens_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_access_tokens"),
    )
    op.execute(
        """
        INSERT INTO access_tokens (id, user_id, expires_at, revoked_at, created_at, updated_at)
        SELECT id, user_id, expires_at, ended_at, created_at, last_used_at
        FROM sign_ins WHERE kind <> 'session'
        """
    )
    op.create_index("ix_access_tokens_user_id", "access_tokens", ["user_id"])
    op.create_index("ix_access_tokens_expires_at", "access_tokens", ["expires_at"])
    op.drop_index("ix_sign_ins_user_id", "sign_ins")
    op.drop_index("ix_sign_ins_expires_at", "sign_ins")
    op.drop_table("sign_ins")
