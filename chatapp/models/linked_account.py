"""Accounts at OpenID providers that people sign in with."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps


class LinkedAccount(Timestamps, Model):
    """The person ``subject`` of an OpenID provider is ``user_id`` here, whatever their address."""

    __tablename__ = "linked_accounts"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        Index("ix_linked_accounts_user_id", "user_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    #: The last address from the provider. It is only shown, and decides nothing.
    email: Mapped[str | None] = mapped_column(String(254))
