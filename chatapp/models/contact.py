"""Contacts of people."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps


class Contact(Timestamps, Model):
    """``contact_id`` is a contact of ``user_id``: one-way, and needs no consent."""

    __tablename__ = "contacts"
    __table_args__ = (
        UniqueConstraint("user_id", "contact_id"),
        Index("ix_contacts_contact_id", "contact_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    contact_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
