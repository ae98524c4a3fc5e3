"""Chat clients in this process, and what they ought to know: for histories nobody would think of.

A `Line` is a connection of the app's real Socket.IO server, with its own packets, rooms and
acknowledgements; only the transport under it is missing. A `Client` keeps what an app on a phone
would: built from nothing but the events its line brought, and the answers to its calls.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
from socketio.packet import ACK, CONNECT, EVENT, Packet
from sqlalchemy import select
from werkzeug.test import EnvironBuilder

from tests.world import Person

Json = dict[str, Any]


class Switchboard:
    """Takes the place of Engine.IO: what the server sends to a line comes to it at once."""

    def __init__(self, app: flask.Flask) -> None:
        from chatapp.extensions import socketio

        self.app = app
        self.server = socketio.server
        self.lines: dict[str, Line] = {}
        #: Every announcement with a version, in the order in which they went out.
        self.announced: list[tuple[int, int]] = []

    def send(self, eio_sid: str, data: str) -> None:
        line = self.lines.get(eio_sid)
        if line is not None:
            line.gets(Packet(encoded_packet=data))

    def send_packet(self, eio_sid: str, packet: Any) -> None:
        self.send(eio_sid, packet.data)


@contextmanager
def switchboard(app: flask.Flask) -> Iterator[Switchboard]:
    """Lines for clients; what a server does beside them, it does at once and in order."""
    from chatapp.announce import Announcement, subscribe
    from chatapp.realtime import hooks, presence, revalidation, typing

    board = Switchboard(app)
    slow = (presence.__name__, revalidation.__name__)  # they wait, and have tests of their own

    def in_line(self: hooks.Hooks, of: flask.Flask, connection: Any) -> None:
        for function in self.functions:
            if function.__module__ not in slow:
                self._run(of, function, connection)

    def note(announcement: Announcement) -> None:
        if announcement.version is not None:
            assert announcement.conversation_id is not None
            board.announced.append((announcement.conversation_id, announcement.version))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board.server.eio, "send", board.send)
        patch.setattr(board.server.eio, "send_packet", board.send_packet)
        patch.setattr(hooks.Hooks, "run", in_line)
        patch.setattr(typing, "_watch", lambda *_: None)  # nor does anything end by time here
        end = subscribe(note)
        try:
            yield board
        finally:
            for line in list(board.lines.values()):
                line.close()
            end()


class Line:
    """One connection: an inbox of events, and calls that are answered."""

    _numbers = itertools.count(1)

    def __init__(self, board: Switchboard, token: str) -> None:
        self._board = board
        self.id = f"line-{next(self._numbers)}"
        self.inbox: list[tuple[str, Json]] = []
        self._answers: dict[int, Json] = {}
        self.welcomed = False
        board.lines[self.id] = self
        environ = EnvironBuilder("/socket.io/", method="GET").get_environ()
        board.server._handle_eio_connect(self.id, environ)
        board.server._handle_eio_message(self.id, "0" + json.dumps({"token": token}))
        assert self.welcomed, "the handshake was refused"

    def gets(self, packet: Packet) -> None:
        if packet.packet_type == CONNECT:
            self.welcomed = True
        elif packet.packet_type == ACK:
            self._answers[packet.id] = packet.data[0]
        elif packet.packet_type == EVENT:
            # through JSON, as over the wire: nobody else's changes reach into it
            event, payload = packet.data
            self.inbox.append((event, payload))

    def call(self, event: str, payload: Json) -> Json:
        number = next(self._numbers)
        self._board.server._handle_eio_message(self.id, f"2{number}{json.dumps([event, payload])}")
        return self._answers.pop(number)

    def close(self) -> None:
        if self._board.lines.pop(self.id, None) is not None:
            self._board.server._handle_eio_disconnect(self.id, "transport close")


@dataclass
class View:
    """What is known of one conversation. In `truth` it is what the database holds."""

    version: int = 0
    last_seq: int = 0
    name: str | None = None
    members: dict[str, str] = field(default_factory=dict)  # roles by person
    pointers: dict[str, int] = field(default_factory=dict)
    own_pointers: dict[str, int] = field(default_factory=dict)  # in `truth` only
    messages: dict[str, Json] = field(default_factory=dict)


def essence(message: Json) -> Json:
    """A message but for what has no version: when it was read, and how its sender looks now."""
    kept = ("id", "conversation_id", "seq", "version", "sender_id", "type", "content", "client_id")
    return {
        **{name: message[name] for name in (*kept, "reply_to", "edited_at", "deleted_at")},
        "reactions": sorted(
            (one["emoji"], *sorted(one["user_ids"])) for one in message["reactions"]
        ),
    }


class Client:
    """Someone's app: `views` is all it knows."""

    def __init__(self, board: Switchboard, person: Person, name: str) -> None:
        self._board = board
        self.person = person
        self.name = name
        self.line: Line | None = None
        self.views: dict[int, View] = {}
        self.lossy = 0  # so many events are about to be lost on the way
        self.stale = True  # something was missed and no `sync` made up for it
        self._heard: dict[int, int] = {}  # the version last heard of over this very line

    def __repr__(self) -> str:
        return self.name

    def connect(self, truth: Truth) -> None:
        self.line = Line(self._board, self.person.token)
        self._heard = {id_: truth.views[id_].version for id_ in truth.of(self.person.id)}
        self.stale = True

    def disconnect(self) -> None:
        assert self.line is not None
        self.line.close()
        self.line, self.stale, self.lossy = None, True, 0

    def take(self, truth: Truth) -> None:
        """Read the inbox to its end."""
        while self.line is not None and self.line.inbox:
            event, payload = self.line.inbox.pop(0)
            self._check(event, payload, truth)
            if self.lossy and event.split(":")[0] in ("message", "conversation"):
                self.lossy -= 1
                self.stale = True
            else:
                self._learn(event, payload)

    def sync(self) -> None:
        """Make good what was missed."""
        assert self.line is not None
        more = True
        while more:
            versions = {str(id_): view.version for id_, view in self.views.items()}
            answer = self.line.call("sync", {"versions": versions})
            assert answer["ok"], answer
            for id_ in answer["removed"]:
                assert id_ in self.views, "only what was asked for can be removed"
                del self.views[id_]
            for found in answer["conversations"]:
                id_ = found["conversation"]["id"]
                if id_ in self.views:
                    self._catch_up(found)
                else:
                    assert (found["messages"], found["has_more"]) == ([], False)
                    self._ask(id_)
            more = any(found["has_more"] for found in answer["conversations"])
        self.stale = False

    def _check(self, event: str, payload: Json, truth: Truth) -> None:
        """What holds for everything that a line brings, whatever the client makes of it."""
        me = self.person.id
        assert event != "error", payload
        whole = event in ("conversation:created", "conversation:updated")
        id_ = payload["id" if whole else "conversation_id"]
        if event == "conversation:removed":
            assert me not in truth.views[id_].members or truth.deleted(id_), (self, payload)
            assert self._heard.pop(id_, None) is not None, "removed from what was never theirs"
            return
        assert id_ in truth.of(me), f"{self} isn't a member and hears {event}: {payload}"
        if event == "message:read" and truth.cut(id_):
            assert payload["user_id"] == me, "a receipt across a block"
        if event.startswith("user:"):
            assert not truth.cut(id_), f"{self} notices {event} across a block"
            begins = event in ("user:typing", "user:joined")
            assert not begins or payload["user_id"] in truth.views[id_].members
        version = payload.get("version")
        if version is None:
            return
        if id_ in self._heard:
            assert version == self._heard[id_] + 1, (self, event, version, self._heard[id_])
        else:
            assert event == "conversation:created", (self, event, "the first thing heard of")
        self._heard[id_] = version

    def _learn(self, event: str, payload: Json) -> None:
        if event.startswith("user:"):
            return
        if event == "conversation:created":
            if payload["version"] > 1:  # it has a history
                self._ask(payload["id"])
            elif self._follows(payload["id"], 1):
                self._learn_conversation(self.views[payload["id"]], payload)
        elif event == "conversation:removed":
            self.views.pop(payload["conversation_id"], None)
        elif event == "conversation:updated":
            if self._follows(payload["id"], payload["version"]):
                self._learn_conversation(self.views[payload["id"]], payload)
        elif event == "message:read":
            view = self.views.get(payload["conversation_id"])
            if view is not None:
                known = view.pointers.get(payload["user_id"], 0)
                view.pointers[payload["user_id"]] = max(known, payload["seq"])
        elif self._follows(payload["conversation_id"], payload["version"]):
            self._learn_message(self.views[payload["conversation_id"]], payload)

    def _follows(self, id_: int, version: int) -> bool:
        """Whether this version is the next one; a hole is filled, what is known is no news."""
        view = self.views.setdefault(id_, View())
        if version > view.version + 1:
            self._ask(id_)
        if version <= view.version:
            return False
        view.version = version
        return True

    def _ask(self, id_: int) -> None:
        """Everything since the version that is known."""
        assert self.line is not None
        view, more = self.views.setdefault(id_, View()), True
        while more:
            asked = {"conversation_id": id_, "after_version": view.version}
            answer = self.line.call("conversation:join", asked)
            if not answer["ok"]:  # it was theirs when the event left
                assert answer["error"]["code"] == "not_found", answer
                del self.views[id_]
                return
            self._catch_up(answer)
            more = answer["has_more"]

    def _catch_up(self, found: Json) -> None:
        view = self.views[found["conversation"]["id"]]
        versions = [message["version"] for message in found["messages"]]
        assert versions == sorted(set(versions)), "by version"
        assert all(view.version < version <= found["version"] for version in versions)
        for message in found["messages"]:
            self._learn_message(view, message)
        self._learn_conversation(view, found["conversation"])
        view.version = found["version"]

    def _learn_message(self, view: View, message: Json) -> None:
        view.messages[message["id"]] = essence(message)
        view.last_seq = max(view.last_seq, message["seq"])
        sender = message["sender_id"]
        known = view.pointers.get(sender)
        if known is not None and (message["type"] != "system" or known == message["seq"] - 1):
            view.pointers[sender] = max(known, message["seq"])

    def _learn_conversation(self, view: View, conversation: Json) -> None:
        people = conversation["participants"]
        view.name = conversation["name"] if conversation["kind"] == "group" else None
        view.members = {one["id"]: one["member_role"] for one in people}
        view.pointers = {one["id"]: one["last_read_seq"] for one in people}
        view.last_seq = max(view.last_seq, conversation["last_seq"])
        assert conversation["read_by_all_seq"] == min(view.pointers.values(), default=0)


class Truth:
    """What the database holds, read without any of the code that answers clients."""

    def __init__(self, app: flask.Flask) -> None:
        from chatapp.db import db, snapshot
        from chatapp.models import Block, Conversation, Message, Participant, Reaction

        self.views: dict[int, View] = {}
        self._deleted: set[int] = set()
        self._direct: dict[int, frozenset[str]] = {}
        self._read_by_all: set[str] = set()
        with app.app_context(), snapshot():

            def rows(model: Any) -> list[Any]:
                table = model.__table__
                return list(db.session.execute(select(table)).mappings())

            reactions: dict[str, dict[str, list[str]]] = {}
            for one in rows(Reaction):
                by_emoji = reactions.setdefault(one["message_id"], {})
                by_emoji.setdefault(one["emoji"], []).append(one["user_id"])
            for one in rows(Conversation):
                self.views[one["id"]] = View(one["version"], one["last_seq"], one["name"])
                if one["deleted_at"] is not None:
                    self._deleted.add(one["id"])
                if one["direct_key"]:
                    self._direct[one["id"]] = frozenset(one["direct_key"].split(":"))
            for one in rows(Participant):
                if one["left_at"] is None:
                    view = self.views[one["conversation_id"]]
                    view.members[one["user_id"]] = one["member_role"]
                    view.pointers[one["user_id"]] = one["receipt_seq"]
                    view.own_pointers[one["user_id"]] = one["last_read_seq"]
            for one in rows(Message):
                if one["read_at"] is not None:
                    self._read_by_all.add(one["id"])
                of = reactions.get(one["id"], {}).items()
                self.views[one["conversation_id"]].messages[one["id"]] = essence(
                    {
                        **one,
                        "reply_to": one["reply_to_id"],
                        "edited_at": _iso(one["edited_at"]),
                        "deleted_at": _iso(one["deleted_at"]),
                        "reactions": [{"emoji": emoji, "user_ids": ids} for emoji, ids in of],
                    }
                )
            self.blocks = {frozenset((o["blocker_id"], o["blocked_id"])) for o in rows(Block)}

    def of(self, user_id: str) -> set[int]:
        """The conversations that this person may see."""
        return {
            id_
            for id_, view in self.views.items()
            if user_id in view.members and id_ not in self._deleted
        }

    def pointers(self, id_: int, viewer_id: str) -> dict[str, int]:
        """How far everybody has read, as far as this person may know."""
        view = self.views[id_]
        return {**view.pointers, viewer_id: view.own_pointers[viewer_id]}

    def deleted(self, id_: int) -> bool:
        return id_ in self._deleted

    def cut(self, id_: int) -> bool:
        """Whether a block stands between the two of a one-to-one conversation."""
        return self._direct.get(id_) in self.blocks

    def all_messages(self) -> list[Json]:
        """In an order that a history can be played again in."""
        return [
            message
            for id_ in sorted(self.views)
            for message in sorted(self.views[id_].messages.values(), key=lambda one: one["seq"])
        ]

    def _check_read_at(self, id_: int) -> None:
        """Read by all is what the others may know to be read by all.

        All of that between two people; in groups those who came later have read nothing of it.
        """
        least = min(self.views[id_].pointers.values(), default=0)
        for message in self.views[id_].messages.values():
            by_all = message["id"] in self._read_by_all
            assert message["seq"] <= least or not by_all, message
            assert message["seq"] > least or by_all or id_ not in self._direct, message

    def check(self) -> None:
        """What holds for every log."""
        for id_, view in self.views.items():
            seqs = sorted(message["seq"] for message in view.messages.values())
            assert seqs == list(range(1, view.last_seq + 1)), id_
            versions = [message["version"] for message in view.messages.values()]
            assert len(set(versions)) == len(versions), id_
            assert max(versions, default=0) <= view.version, id_
            assert max(view.own_pointers.values(), default=0) <= view.last_seq, id_
            for user_id, seq in view.own_pointers.items():
                assert view.pointers[user_id] <= seq, id_
                assert view.pointers[user_id] == seq or id_ in self._direct, "groups have no blocks"
            self._check_read_at(id_)
            names = [
                (message["sender_id"], message["client_id"])
                for message in view.messages.values()
                if message["client_id"]
            ]
            assert len(set(names)) == len(names), "one message a client_id"


def _iso(moment: Any) -> str | None:
    from chatapp.times import iso

    return iso(moment)
