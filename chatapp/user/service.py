"""Change a person's own profile and preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.auth.service import check_available
from chatapp.conversation.access import lock_conversations
from chatapp.conversation.conversations import own_conversations
from chatapp.conversation.pointers import hide_receipts, show_receipts
from chatapp.core.db import atomic, send_signal
from chatapp.core.errors import ValidationFailed
from chatapp.core.events import ReceiptsSwitched
from chatapp.media.images import Purpose
from chatapp.media.service import assign_picture
from chatapp.models import Conversation, User
from chatapp.user.schemas import ProfilePatch
from config import Settings

_PICTURE_PURPOSES: dict[str, Purpose] = {
    "profile_picture": "profile",
    "background_image": "background",
}


def update_profile(user_id: str, patch: ProfilePatch) -> User:
    """Apply the given changes to this person's profile: all of them, or none.

    Raises ValidationFailed for an unknown role or theme, and for a picture that isn't theirs;
    Conflict if the username is taken.
    """
    changes = patch.changes()
    username = changes.get("username")
    try:
        with atomic() as work:
            conversations = _lock_for_receipts(work, user_id, patch)
            user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
            receipts_were_hidden = user.hide_read_receipts
            _check_choices(user, changes)
            if username is not None and username != user.username:
                check_available(username=username)
            for name, value in changes.items():
                if name in _PICTURE_PURPOSES:
                    assign_picture(work, user_id, user, _PICTURE_PURPOSES[name], value)
                else:
                    setattr(user, name, value)
            if user.hide_read_receipts != receipts_were_hidden:
                _switch_receipts(work, user, conversations)
    except IntegrityError:
        check_available(username=username)  # another account took it a moment ago
        raise
    return user


def _lock_for_receipts(
    work: Session, user_id: str, patch: ProfilePatch
) -> Mapping[int, Conversation]:
    """Lock the person's conversations if the patch may change read receipts.

    Conversations are always locked before people.
    """
    if patch.hide_read_receipts is None:
        return {}
    ids = own_conversations(user_id).with_only_columns(Conversation.id)
    return lock_conversations(work, work.scalars(ids).all())


def _switch_receipts(work: Session, user: User, conversations: Mapping[int, Conversation]) -> None:
    work.flush()
    if user.hide_read_receipts:
        hide_receipts(work, user.id, conversations)
    else:
        direct = [id_ for id_, conv in conversations.items() if conv.kind == "direct"]
        show_receipts(work, direct)
    send_signal(ReceiptsSwitched(user.id, user.hide_read_receipts))


def _check_choices(user: User, changes: Mapping[str, Any]) -> None:
    """Raise ValidationFailed for a new role or theme that isn't configured."""
    settings: Settings = current_app.config["SETTINGS"]
    new = {name: value for name, value in changes.items() if value != getattr(user, name)}
    errors = {}
    if new.get("role") and settings.user_roles and new["role"] not in settings.user_roles:
        errors["role"] = f"Choose one of these roles: {', '.join(settings.user_roles)}."
    if new.get("theme") and new["theme"] not in settings.themes:
        errors["theme"] = f"Choose one of these themes: {', '.join(settings.themes)}."
    if errors:
        raise ValidationFailed(fields=errors)
