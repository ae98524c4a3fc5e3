"""Blocks between people."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps


class Block(Timestamps, Model):
    """``blocker_id`` has blocked ``blocked_id``; neither can write to the other."""

    __tablename__ = "blocks"
    __table_args__ = (Index("ix_blocks_blocked_id", "blocked_id"),)

    blocker_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    blocked_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
