"""From announcements to the connections they concern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Flask

from chatapp.core.events import Announcement
from chatapp.extensions import socketio
from chatapp.realtime import receipts
from chatapp.realtime.delivery import to_members, to_person
from chatapp.realtime.dialect import spoken
from chatapp.realtime.dispatch import connections
from chatapp.realtime.membership import hold_at_least, sids_in
from chatapp.realtime.rooms import conversation_room, credential_room, user_room


def broadcast(app: Flask, announcement: Announcement) -> None:
    """Emit it to the members of its conversation, or some of them, or to the people it names.

    Where members changed, those who came hear `conversation:created` instead, and those who went
    `conversation:removed`; they are out of the room before anything later goes out.
    """
    conversation_id = announcement.conversation_id
    if announcement.event == "credential:ended":
        end_connections(announcement.payload["credential_id"])
    elif announcement.event == "noticing:changed":
        _look_anew(app, announcement.user_ids)
    elif announcement.event == "receipts:switched":
        for user_id in announcement.user_ids:
            receipts.note(user_id, announcement.payload["hidden"])
    elif conversation_id is None:
        _to_people(app, announcement.event, announcement.payload, announcement.user_ids)
    elif announcement.only_ids:
        hold_at_least(app, conversation_id, announcement.membership_version)
        members = set(sids_in(conversation_room(conversation_id)))
        for user_id in announcement.only_ids:
            for sid in members.intersection(sids_in(user_room(user_id))):
                socketio.server.emit(announcement.event, announcement.payload, to=sid)
    else:
        hold_at_least(app, conversation_id, announcement.membership_version)
        to_members(
            app,
            announcement.event,
            announcement.payload,
            conversation_id,
            skip=[sid for user_id in announcement.user_ids for sid in sids_in(user_room(user_id))],
            origin=announcement.origin,
        )
        _to_people(app, "conversation:created", announcement.payload, announcement.user_ids)
        if announcement.event in ("conversation:created", "conversation:updated"):
            _look_anew(app, _members_here(conversation_id) | announcement.former_ids)
        gone = {"conversation_id": conversation_id}
        _to_people(app, "conversation:removed", gone, announcement.former_ids)


def _members_here(conversation_id: int) -> set[str]:
    """Those members who speak an older dialect, in this process."""
    rooms = [conversation_room(conversation_id, dialect.name) for dialect in spoken()]
    return {connections[sid].user_id for room in rooms for sid in sids_in(room)}


def _look_anew(app: Flask, user_ids: Iterable[str]) -> None:
    """Whose presence is for these people may have changed."""
    for dialect in spoken():
        if dialect.noticed is not None:
            for user_id in user_ids:
                dialect.noticed(app, user_id)


def end_connections(credential_id: str) -> None:
    """Close every socket that this token or session opened."""
    for sid in sids_in(credential_room(credential_id)):
        socketio.server.disconnect(sid)


def _to_people(app: Flask, event: str, payload: dict[str, Any], user_ids: frozenset[str]) -> None:
    for user_id in user_ids:
        to_person(app, event, payload, user_id)
