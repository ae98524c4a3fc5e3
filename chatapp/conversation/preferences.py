"""A member's own preferences for a conversation: mute, notification level, pin, archive.

Nobody else sees them, and changing them makes no version. An archived conversation returns to the
list when somebody writes. That follows from the conversation's last activity, so that storing a
message doesn't have to update every member.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

from sqlalchemy import ColumnElement, and_, or_

from chatapp.conversation.access import access_conversation
from chatapp.core.clock import iso
from chatapp.core.db import NOW, now
from chatapp.models import Conversation, Participant

#: Which messages to notify a member about.
Level = Literal["all", "mentions", "none"]

#: Muted until unmuted. Not the end of the year 9999: in some time zones it would be out of range.
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_TICK = timedelta(milliseconds=1)  # of `now()`


class PreferencesJson(TypedDict):
    """A member's preferences for a conversation, as they apply now."""

    conversation_id: int
    notify: str | None
    muted_until: str | None
    pinned_at: str | None
    archived_at: str | None


def preferences_json(conversation: Conversation, member: Participant | None) -> PreferencesJson:
    """Return the member's preferences; a mute or archive that has ended is None.

    Without a member all of them are None.
    """
    if member is None:
        return {
            "conversation_id": conversation.id,
            "notify": None,
            "muted_until": None,
            "pinned_at": None,
            "archived_at": None,
        }
    moment = now()
    muted = member.muted_until is not None and member.muted_until > moment
    silent = muted or member.notify == "none"
    archived = member.archived_at is not None and (
        silent or conversation.active_at < member.archived_at
    )
    return {
        "conversation_id": conversation.id,
        "notify": member.notify,
        "muted_until": iso(member.muted_until if muted else None),
        "pinned_at": iso(member.pinned_at),
        "archived_at": iso(member.archived_at if archived else None),
    }


def read_preferences(user_id: str, conversation_id: int) -> PreferencesJson:
    """Return a person's preferences for a conversation. Raises NotFound."""
    access = access_conversation(user_id, conversation_id)
    return preferences_json(access.conversation, access.participant)


def is_silent() -> ColumnElement[bool]:
    """Return the condition that a joined `Participant` muted this conversation or turned it off."""
    return or_(
        and_(Participant.muted_until.is_not(None), Participant.muted_until > NOW),
        and_(Participant.notify.is_not(None), Participant.notify == "none"),
    )


def is_archived() -> ColumnElement[bool]:
    """Return the condition that it is archived, and silent or without a message since then."""
    return and_(
        Participant.archived_at.is_not(None),
        or_(Conversation.active_at < Participant.archived_at, is_silent()),
    )


def archive(conversation: Conversation, member: Participant) -> None:
    """Take it out of the member's list until the next message. The conversation's row is locked."""
    member.archived_at = max(now(), conversation.active_at + _TICK)


def clear_preferences(member: Participant) -> None:
    """Reset all preferences of a member."""
    member.notify = member.muted_until = member.pinned_at = member.archived_at = None
