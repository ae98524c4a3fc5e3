"""Pictures of people and groups, and backgrounds."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps


class Picture(Timestamps, Model):
    """An image that was uploaded or is downloaded once; stored re-encoded under its id."""

    __tablename__ = "pictures"
    __table_args__ = (
        CheckConstraint("purpose IN ('profile', 'background', 'group')", name="purpose"),
        CheckConstraint("status IN ('waiting', 'ready', 'failed')", name="status"),
        Index("ix_pictures_owner_id", "owner_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    owner_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    purpose: Mapped[str] = mapped_column(String(10))
    #: The https address that it is downloaded from; None for an upload.
    source_url: Mapped[str | None] = mapped_column(String(2000))
    status: Mapped[str] = mapped_column(String(10), default="waiting")
    #: About the stored file; None until there is one.
    mime_type: Mapped[str | None] = mapped_column(String(40))
    size: Mapped[int | None] = mapped_column()
    width: Mapped[int | None] = mapped_column()
    height: Mapped[int | None] = mapped_column()
