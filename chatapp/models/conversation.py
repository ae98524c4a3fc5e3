"""Conversations and who takes part in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, SoftDelete, Timestamps, UtcDateTime, now


class Conversation(Timestamps, SoftDelete, Model):
    """A log of messages that some people share.

    ``last_seq`` and ``version`` are the heads of the log. They only ever move by the transaction
    that holds this row's lock, which is what makes both gapless.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        CheckConstraint("kind IN ('direct', 'group')", name="kind"),
        CheckConstraint("(kind = 'direct') = (direct_key IS NOT NULL)", name="direct_key"),
        Index("ix_conversations_active_at_id", "active_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    #: Both people's ids in order: what makes a one-to-one conversation one per pair.
    direct_key: Mapped[str | None] = mapped_column(String(73), unique=True)
    name: Mapped[str | None] = mapped_column(String(80))
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The version of the last change of members.
    membership_version: Mapped[int] = mapped_column(BigInteger, default=0)
    #: When the last message came, or the conversation was made: what lists are ordered by.
    active_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: Only owners and admins of the group write; the others read.
    announcements_only: Mapped[bool] = mapped_column(default=False)


class Participant(Timestamps, Model):
    """Someone's place in a conversation. Leaving sets ``left_at``; returning clears it."""

    __tablename__ = "participants"
    __table_args__ = (
        CheckConstraint("member_role IN ('owner', 'admin', 'member')", name="member_role"),
        CheckConstraint("notify IN ('all', 'mentions', 'none')", name="notify"),
        Index("ix_participants_user_id", "user_id"),
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    member_role: Mapped[str] = mapped_column(String(10), default="member")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Up to which message this person has read. Never goes back, never passes the last one.
    last_read_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    #: What the others may know of that: it stands still while a block stands, and catches up
    #: with the first reading after it.
    receipt_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Of which messages they are told; None: as their account says.
    notify: Mapped[str | None] = mapped_column(String(10))
    #: Until then they are told of nothing.
    muted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Since when it stands above the others in their list.
    pinned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Since when it is out of their list.
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
