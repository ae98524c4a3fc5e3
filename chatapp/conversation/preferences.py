"""What somebody makes of a conversation for themselves: mute, level, pin, archive.

Nobody else learns of it, and it has no version. Archiving is out of the list until somebody writes:
that follows from the conversation's last activity, so that no message has to write it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, TypedDict

from sqlalchemy import ColumnElement, and_, or_

from chatapp.conversation.access import access_conversation
from chatapp.core.clock import iso
from chatapp.core.db import NOW, now
from chatapp.models import Conversation, Participant

#: Of which messages somebody is told.
Level = Literal["all", "mentions", "none"]

#: Muted until one turns it on again. Not the end of that year: in some zone it would be beyond.
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_TICK = timedelta(milliseconds=1)  # of `now()`


class PreferencesJson(TypedDict):
    """What one makes of a conversation, as it counts at this moment."""

    conversation_id: int
    notify: str | None
    muted_until: str | None
    pinned_at: str | None
    archived_at: str | None


def preferences_json(conversation: Conversation, member: Participant | None) -> PreferencesJson:
    """This member's preferences; what is over, a mute or an archive, is None. Nobody has none."""
    if member is None:
        none: PreferencesJson = {
            "conversation_id": conversation.id,
            "notify": None,
            "muted_until": None,
            "pinned_at": None,
            "archived_at": None,
        }
        return none
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
    """What this person makes of a conversation. Raises NotFound."""
    access = access_conversation(user_id, conversation_id)
    return preferences_json(access.conversation, access.participant)


def is_silent() -> ColumnElement[bool]:
    """Whether a joined `Participant` is told of nothing by what they set for this conversation."""
    return or_(
        and_(Participant.muted_until.is_not(None), Participant.muted_until > NOW),
        and_(Participant.notify.is_not(None), Participant.notify == "none"),
    )


def is_archived() -> ColumnElement[bool]:
    """Whether it is out of their list: since they archived it nobody wrote, or it is silent."""
    return and_(
        Participant.archived_at.is_not(None),
        or_(Conversation.active_at < Participant.archived_at, is_silent()),
    )


def archive(conversation: Conversation, member: Participant) -> None:
    """Out of the list until the next message. The conversation's row is locked."""
    member.archived_at = max(now(), conversation.active_at + _TICK)


def clear_preferences(member: Participant) -> None:
    """As if they had never set any."""
    member.notify = member.muted_until = member.pinned_at = member.archived_at = None
