"""Accounts as JSON, for their owners, administrators and services."""

from __future__ import annotations

from chatapp.conversation.person_presenters import PersonJson, person_json
from chatapp.core.clock import iso
from chatapp.models import User


class AccountJson(PersonJson):
    """An account, with the fields that only its owner and administrators may see."""

    email: str | None
    email_verified: bool
    phone_number: str | None
    theme_mode: str
    theme_color: str | None
    background_image: str | None
    theme: str | None
    enter_sends: bool
    hide_last_seen: bool
    hide_read_receipts: bool
    notify: str
    is_active: bool
    is_staff: bool
    is_superuser: bool
    date_joined: str
    created_at: str
    updated_at: str


def account_json(user: User) -> AccountJson:
    """Present an account to its owner or an administrator."""
    return {
        **person_json(user),
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "phone_number": user.phone_number,
        "theme_mode": user.theme_mode,
        "theme_color": user.theme_color,
        "background_image": user.background_image,
        "theme": user.theme,
        "enter_sends": user.enter_sends,
        "hide_last_seen": user.hide_last_seen,
        "hide_read_receipts": user.hide_read_receipts,
        "notify": user.notify,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "date_joined": iso(user.date_joined),
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
    }


class ServiceUserJson(PersonJson):
    """A public profile and the external application's id for it."""

    external_id: str | None


def service_user_json(user: User) -> ServiceUserJson:
    """Present a user to a service that isn't acting for them."""
    return {**person_json(user), "external_id": user.external_id}
