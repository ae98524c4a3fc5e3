"""Mentions of people in messages."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model


class Mention(Model):
    """A mention of a person. ``seq`` is the message's, for counting unread mentions."""

    __tablename__ = "mentions"
    __table_args__ = (
        Index("ix_mentions_user_id_conversation_id_seq", "user_id", "conversation_id", "seq"),
    )

    message_id: Mapped[str] = mapped_column(Id, ForeignKey("messages.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    #: The username in the text. The person may have changed it, and another may have it now.
    username: Mapped[str] = mapped_column(String(30))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
