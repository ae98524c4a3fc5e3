"""Conversations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, select
from sqlalchemy.orm import Mapped, column_property, mapped_column

from chatapp.core.db import Model, SoftDelete, Timestamps, UtcDateTime, now
from chatapp.models.group import Group


class Conversation(Timestamps, SoftDelete, Model):
    """A log of messages that its participants share.

    ``last_seq`` and ``version`` are the heads of the log. Only the transaction that holds this
    row's lock advances them, so neither has gaps.
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
    #: Both people's ids in order; unique, so each pair has only one direct conversation.
    direct_key: Mapped[str | None] = mapped_column(String(73), unique=True)
    name: Mapped[str | None] = mapped_column(String(80))
    last_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The version of the last change of its members.
    membership_version: Mapped[int] = mapped_column(BigInteger, default=0)
    #: When the last message arrived, or else when it was created. Lists are ordered by it.
    active_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: Only owners and admins of the group can write; other members read.
    announcements_only: Mapped[bool] = mapped_column(default=False)
    #: The id of the group whose conversation this is; None between two people. It never changes.
    group_id: Mapped[str | None] = column_property(
        select(Group.id).where(Group.conversation_id == id).scalar_subquery(),  # noqa: A003
        deferred=True,
        expire_on_flush=False,  # it never changes: no statement after each new message
    )
