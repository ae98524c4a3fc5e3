"""Broadcast of what services announce, to the connections it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import socketio
from flask import Flask

from chatapp.core.events import ClientEvent, Members, People, PresenceAudienceChanged
from chatapp.realtime.connections import Connections
from chatapp.realtime.delivery import Delivery
from chatapp.realtime.membership import Membership
from chatapp.realtime.rooms import conversation_room
from chatapp.realtime.speakers import Speakers


class Broadcast:
    """Sends client events to their audience."""

    def __init__(
        self,
        app: Flask,
        server: socketio.Server,
        *,
        connections: Connections,
        speakers: Speakers,
        membership: Membership,
        delivery: Delivery,
    ) -> None:
        self._app = app
        self._server = server
        self._connections = connections
        self._speakers = speakers
        self._membership = membership
        self._delivery = delivery

    def send(self, event: ClientEvent) -> None:
        """Emit the event to its audience: people, a conversation's members, or some of them."""
        match event.to:
            case People(user_ids):
                for user_id in user_ids:
                    self._delivery.to_person(event, user_id)
            case Members(only=only) if only:
                self._to_some(event, event.to)
            case _:
                self._to_members(event, event.to)

    def notice(self, signal: PresenceAudienceChanged) -> None:
        """Tell dialects that these people may see other people's presence than before."""
        self._notice(signal.user_ids)

    def _to_some(self, event: ClientEvent, to: Members) -> None:
        self._membership.hold_at_least(to.conversation_id, to.membership_version)
        members = set(self._connections.sids_in(conversation_room(to.conversation_id)))
        for user_id in to.only:
            for sid in members.intersection(self._connections.sids_of(user_id)):
                self._server.emit(event.name, event.payload, to=sid)

    def _to_members(self, event: ClientEvent, to: Members) -> None:
        """Emit to all members; to new ones `conversation:created`, to former ones its removal.

        Former members are out of the room before anything later goes out.
        """
        id_ = to.conversation_id
        self._membership.hold_at_least(id_, to.membership_version)
        new = [sid for user_id in to.joined for sid in self._connections.sids_of(user_id)]
        self._delivery.to_members(event, id_, skip=new)
        if to.joined:
            created = replace(event, name="conversation:created")
            for user_id in to.joined:
                self._delivery.to_person(created, user_id)
        if event.name in ("conversation:created", "conversation:updated"):
            self._notice(self._members_here(id_) | to.left)
        if to.left:
            removed = replace(event, name="conversation:removed", payload={"conversation_id": id_})
            for user_id in to.left:
                self._delivery.to_person(removed, user_id)

    def _members_here(self, conversation_id: int) -> set[str]:
        """Return the members who speak an older dialect, in this process."""
        rooms = [conversation_room(conversation_id, one.name) for one in self._speakers.spoken()]
        return {
            self._connections[sid].user_id
            for room in rooms
            for sid in self._connections.sids_in(room)
        }

    def _notice(self, user_ids: Iterable[str]) -> None:
        for dialect in self._speakers.spoken():
            if dialect.on_presence_change is not None:
                for user_id in user_ids:
                    dialect.on_presence_change(self._app, user_id)
