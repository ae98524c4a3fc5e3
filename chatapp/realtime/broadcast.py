"""From announcements to the connections they concern."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import socketio
from flask import Flask

from chatapp.core.events import Announcement
from chatapp.realtime.connections import Connections
from chatapp.realtime.delivery import Delivery
from chatapp.realtime.membership import Membership
from chatapp.realtime.receipts import Receipts
from chatapp.realtime.rooms import conversation_room
from chatapp.realtime.speakers import Speakers


class Broadcast:
    """Sends what services announce."""

    def __init__(
        self,
        app: Flask,
        server: socketio.Server,
        *,
        connections: Connections,
        speakers: Speakers,
        membership: Membership,
        receipts: Receipts,
        delivery: Delivery,
    ) -> None:
        self._app = app
        self._server = server
        self._connections = connections
        self._speakers = speakers
        self._membership = membership
        self._receipts = receipts
        self._delivery = delivery

    def send(self, announcement: Announcement) -> None:
        """Emit it to the members of its conversation, or some of them, or the people it names.

        Where members changed, new members get `conversation:created` instead, and former ones
        `conversation:removed`; they are out of the room before anything later goes out.
        """
        conversation_id = announcement.conversation_id
        if announcement.event == "credential:ended":
            self._connections.close_opened_by(announcement.payload["credential_id"])
        elif announcement.event == "noticing:changed":
            self._notice(announcement.user_ids)
        elif announcement.event == "receipts:switched":
            for user_id in announcement.user_ids:
                self._receipts.note(user_id, announcement.payload["hidden"])
        elif conversation_id is None:
            self._to_people(announcement.event, announcement.payload, announcement.user_ids)
        elif announcement.only_ids:
            self._membership.hold_at_least(conversation_id, announcement.membership_version)
            members = set(self._connections.sids_in(conversation_room(conversation_id)))
            for user_id in announcement.only_ids:
                for sid in members.intersection(self._connections.sids_of(user_id)):
                    self._server.emit(announcement.event, announcement.payload, to=sid)
        else:
            self._to_members(announcement, conversation_id)

    def _to_members(self, announcement: Announcement, conversation_id: int) -> None:
        self._membership.hold_at_least(conversation_id, announcement.membership_version)
        self._delivery.to_members(
            announcement.event,
            announcement.payload,
            conversation_id,
            skip=[
                sid
                for user_id in announcement.user_ids
                for sid in self._connections.sids_of(user_id)
            ],
            origin=announcement.origin,
        )
        self._to_people("conversation:created", announcement.payload, announcement.user_ids)
        if announcement.event in ("conversation:created", "conversation:updated"):
            self._notice(self._members_here(conversation_id) | announcement.former_ids)
        gone = {"conversation_id": conversation_id}
        self._to_people("conversation:removed", gone, announcement.former_ids)

    def _members_here(self, conversation_id: int) -> set[str]:
        """Return the members who speak an older dialect, in this process."""
        rooms = [conversation_room(conversation_id, one.name) for one in self._speakers.spoken()]
        return {
            self._connections[sid].user_id
            for room in rooms
            for sid in self._connections.sids_in(room)
        }

    def _notice(self, user_ids: Iterable[str]) -> None:
        """Tell dialects that other people's presence may be visible to these people now."""
        for dialect in self._speakers.spoken():
            if dialect.noticed is not None:
                for user_id in user_ids:
                    dialect.noticed(self._app, user_id)

    def _to_people(self, event: str, payload: dict[str, Any], user_ids: frozenset[str]) -> None:
        for user_id in user_ids:
            self._delivery.to_person(event, payload, user_id)
