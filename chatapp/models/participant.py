"""The members of conversations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime, now


class Participant(Timestamps, Model):
    """A person in a conversation. Leaving sets ``left_at``; returning clears it."""

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
    #: The seq up to which this person has read. Never decreases, and never exceeds last_seq.
    last_read_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The seq that others may know of. It stays the same during a block, and catches up when
    #: the person next reads after it.
    receipt_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    #: Which messages notify them; None for the account's default.
    notify: Mapped[str | None] = mapped_column(String(10))
    #: No notifications until this time.
    muted_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Since when it is pinned to the top of their list.
    pinned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Since when it is archived.
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
