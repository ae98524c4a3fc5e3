"""What a group has beyond its conversation, whose row changes with every message."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Id, Model, SoftDelete, Timestamps


class Group(Timestamps, SoftDelete, Model):
    """A conversation of many. Its name, members and messages are those of the conversation."""

    __tablename__ = "groups"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    group_picture: Mapped[str | None] = mapped_column(String(2000))
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
