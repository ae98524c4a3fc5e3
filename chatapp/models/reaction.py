"""Reactions to messages."""

from __future__ import annotations

from sqlalchemy import (
    ForeignKey,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps


class Reaction(Timestamps, Model):
    """One emoji of one person on a message."""

    __tablename__ = "reactions"

    message_id: Mapped[str] = mapped_column(Id, ForeignKey("messages.id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    emoji: Mapped[str] = mapped_column(String(32), primary_key=True)
