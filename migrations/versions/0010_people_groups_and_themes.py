"""People, groups and themes

Why: contacts, stored pictures, privacy settings, join links, groups in which only admins write,
notifications, pins and archives per member, and mentions. Existing data keeps its behaviour:
everything visible, nothing muted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ID = sa.Uuid(as_uuid=False)
_LEVELS = "notify IN ('all', 'mentions', 'none')"


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _flag(name: str, default: sa.TextClause) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=default)


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("contact_id", _ID, nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_contacts_user_id"),
        sa.ForeignKeyConstraint(["contact_id"], ["users.id"], name="fk_contacts_contact_id"),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
        sa.UniqueConstraint("user_id", "contact_id", name="uq_contacts_user_id_contact_id"),
    )
    op.create_index("ix_contacts_contact_id", "contacts", ["contact_id"])
    op.create_table(
        "pictures",
        sa.Column("id", _ID, nullable=False),
        sa.Column("owner_id", _ID, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("source_url", sa.String(length=2000), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("mime_type", sa.String(length=40), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.CheckConstraint(
            "purpose IN ('profile', 'background', 'group')", name="ck_pictures_purpose"
        ),
        sa.CheckConstraint("status IN ('waiting', 'ready', 'failed')", name="ck_pictures_status"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_pictures_owner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pictures"),
    )
    op.create_index("ix_pictures_owner_id", "pictures", ["owner_id"])
    op.create_table(
        "group_links",
        sa.Column("id", _ID, nullable=False),
        sa.Column("group_id", _ID, nullable=False),
        sa.Column("created_by", _ID, nullable=False),
        sa.Column("most_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        _moment("expires_at", nullable=True),
        _moment("revoked_at", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_links_group_id"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_group_links_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_group_links"),
    )
    op.create_index("ix_group_links_group_id", "group_links", ["group_id"])
    op.create_table(
        "mentions",
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("conversation_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_mentions_message_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_mentions_user_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name="fk_mentions_conversation_id"
        ),
        sa.PrimaryKeyConstraint("message_id", "user_id", name="pk_mentions"),
    )
    op.create_index(
        "ix_mentions_user_id_conversation_id_seq", "mentions", ["user_id", "conversation_id", "seq"]
    )
    # No foreign keys to pictures, which have one to users: SQLite could only add it by making the
    # table anew, which those that point at it forbid.
    op.add_column("users", sa.Column("picture_id", _ID, nullable=True))
    op.add_column("users", sa.Column("background_id", _ID, nullable=True))
    op.add_column("users", _flag("enter_sends", sa.true()))
    op.add_column("users", _flag("hide_last_seen", sa.false()))
    op.add_column("users", _flag("hide_read_receipts", sa.false()))
    op.add_column(
        "users", sa.Column("notify", sa.String(length=10), nullable=False, server_default="all")
    )
    op.add_column("groups", sa.Column("picture_id", _ID, nullable=True))
    op.add_column("conversations", _flag("announcements_only", sa.false()))
    op.add_column("messages", _flag("mentions_all", sa.false()))
    with op.batch_alter_table("participants") as participants:
        participants.add_column(sa.Column("notify", sa.String(length=10), nullable=True))
        for name in ("muted_until", "pinned_at", "archived_at"):
            participants.add_column(_moment(name, nullable=True))
        participants.create_check_constraint("ck_participants_notify", _LEVELS)


def downgrade() -> None:
    with op.batch_alter_table("participants") as participants:
        participants.drop_constraint("ck_participants_notify", type_="check")
        for name in ("archived_at", "pinned_at", "muted_until", "notify"):
            participants.drop_column(name)
    op.drop_column("messages", "mentions_all")
    op.drop_column("conversations", "announcements_only")
    op.drop_column("groups", "picture_id")
    for name in (
        "notify",
        "hide_read_receipts",
        "hide_last_seen",
        "enter_sends",
        "background_id",
        "picture_id",
    ):
        op.drop_column("users", name)
    op.drop_table("mentions")
    op.drop_table("group_links")
    op.drop_table("pictures")
    op.drop_table("contacts")
