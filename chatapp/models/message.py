"""Messages."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, SoftDelete, Timestamps, UtcDateTime, uuid7

MESSAGE_TYPES = ("text", "image", "video", "file", "system")


class Message(Timestamps, SoftDelete, Model):
    """One entry of a conversation's log, at position ``seq``, last changed in ``version``."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "version"),
        UniqueConstraint("conversation_id", "sender_id", "client_id"),
        CheckConstraint("type IN ('text', 'image', 'video', 'file', 'system')", name="type"),
        Index(
            "ix_messages_mentions_all",
            "conversation_id",
            "seq",
            sqlite_where=text("mentions_all = 1"),
            postgresql_where=text("mentions_all"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=uuid7)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger)
    sender_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    #: The id that the sender's client chose. A repeated send with it creates no second message.
    client_id: Mapped[str | None] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(10), default="text")
    #: None after deletion.
    content: Mapped[str | None] = mapped_column(Text)
    #: When the last of the other members read it; set only once.
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reply_to_id: Mapped[str | None] = mapped_column(Id, ForeignKey("messages.id"))
    #: Whether `@all` mentions everyone in the conversation.
    mentions_all: Mapped[bool] = mapped_column(default=False)
