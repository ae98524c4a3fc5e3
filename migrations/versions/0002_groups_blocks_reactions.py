"""Groups, blocks, replies and reactions

Why: groups whose members have roles, people who block each other, and answers to a single message
in words or by emoji.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.Uuid(as_uuid=False)


def _timestamps() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", _ID, nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("group_picture", sa.String(length=2000), nullable=True),
        sa.Column("created_by", _ID, nullable=False),
        *_timestamps(),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_groups_conversation_id"
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_groups_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("conversation_id", name="uq_groups_conversation_id"),
    )
    op.create_table(
        "blocks",
        sa.Column("blocker_id", _ID, nullable=False),
        sa.Column("blocked_id", _ID, nullable=False),
        *_timestamps(),
        sa.ForeignKeyConstraint(["blocker_id"], ["users.id"], name="fk_blocks_blocker_id"),
        sa.ForeignKeyConstraint(["blocked_id"], ["users.id"], name="fk_blocks_blocked_id"),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name="pk_blocks"),
    )
    op.create_index("ix_blocks_blocked_id", "blocks", ["blocked_id"])
    op.create_table(
        "reactions",
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("emoji", sa.String(length=32), nullable=False),
        *_timestamps(),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_reactions_message_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reactions_user_id"),
        sa.PrimaryKeyConstraint("message_id", "user_id", "emoji", name="pk_reactions"),
    )
    with op.batch_alter_table("messages") as batch:
        batch.add_column(sa.Column("reply_to_id", _ID, nullable=True))
        batch.create_foreign_key("fk_messages_reply_to_id", "messages", ["reply_to_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("messages") as batch:
        batch.drop_constraint("fk_messages_reply_to_id", type_="foreignkey")
        batch.drop_column("reply_to_id")
    op.drop_table("reactions")
    op.drop_table("blocks")
    op.drop_table("groups")
