"""Forms that add and remove contacts and blocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for

from chatapp.security.identity import caller
from chatapp.user import bp, relationships
from chatapp.web.next_redirect import safe_next


@bp.post("/people/<uuid:user_id>/contact")
def add_contact_form(user_id: UUID) -> Any:
    """Add a contact."""
    contact, _ = relationships.add_contact(caller().id, str(user_id))
    return _redirect_back(user_id, f"{contact['user']['name']} is now one of your contacts.")


@bp.post("/people/<uuid:user_id>/contact/remove")
def remove_contact_form(user_id: UUID) -> Any:
    """Remove a contact."""
    relationships.remove_contact(caller().id, str(user_id))
    return _redirect_back(user_id, "Removed from your contacts.")


@bp.post("/people/<uuid:user_id>/block")
def block_form(user_id: UUID) -> Any:
    """Block a person."""
    relationships.block(caller().id, str(user_id))
    return _redirect_back(user_id, "Blocked.")


@bp.post("/people/<uuid:user_id>/unblock")
def unblock_form(user_id: UUID) -> Any:
    """Unblock a person."""
    relationships.unblock(caller().id, str(user_id))
    return _redirect_back(user_id, "Unblocked.")


def _redirect_back(user_id: UUID, message: str) -> Any:
    """Redirect to the page that the form was on, and flash the message there."""
    flash(message)
    back = request.form.get("next") or url_for("user.person_page", user_id=user_id)
    return redirect(safe_next(back), 303)
