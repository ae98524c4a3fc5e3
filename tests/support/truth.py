"""What the database holds, read without any of the code that answers clients."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

import flask

Json = dict[str, Any]


@dataclass
class View:
    """What is known of one conversation: by a client, or in `Truth` by the database."""

    version: int = 0
    last_seq: int = 0
    membership_version: int = 0
    name: str | None = None
    members: dict[str, str] = field(default_factory=dict)  # roles by person
    pointers: dict[str, int] = field(default_factory=dict)
    own_pointers: dict[str, int] = field(default_factory=dict)  # in `Truth` only
    messages: dict[str, Json] = field(default_factory=dict)


def essence(message: Json) -> Json:
    """A message but for what has no version: when it was read, and how its sender looks now."""
    kept = ("id", "conversation_id", "seq", "version", "sender_id", "type", "content", "client_id")
    return {
        **{name: message[name] for name in (*kept, "reply_to", "edited_at", "deleted_at")},
        "reactions": sorted(
            (one["emoji"], *sorted(one["user_ids"])) for one in message["reactions"]
        ),
        "mentions": sorted(message["mentions"]),
        "mentions_all": bool(message["mentions_all"]),
    }


class Reader:
    """A connection of its own, plain SQL, the tables whole: `read()` gives the `Truth`."""

    def __init__(self, app: flask.Flask) -> None:
        from chatapp.core.db import db

        with app.app_context():
            self._connection: Any = db.engine.raw_connection()
        self._connection.detach()
        if not isinstance(self._connection.dbapi_connection, sqlite3.Connection):
            self._connection.dbapi_connection.autocommit = True  # SQLite's is: see core.db
        self._cursor = self._connection.cursor()
        self._known: dict[tuple[Any, ...], Json] = {}  # most messages are as they were
        self._hid: set[str] = set()  # who ever hid in this history what they read

    def close(self) -> None:
        self._connection.close()

    def read(self) -> Truth:
        return Truth(self._rows, self._message, self._hid)

    def clear(self) -> None:
        """A new history; people and their tokens stay."""
        self._cursor.execute("UPDATE messages SET reply_to_id = NULL")
        for table in (
            "mentions",
            "reactions",
            "messages",
            "participants",
            "groups",
            "blocks",
            "conversations",
        ):
            self._cursor.execute(f"DELETE FROM {table}")
        self._cursor.execute("UPDATE users SET hide_read_receipts = FALSE")
        self._known.clear()
        self._hid.clear()

    def _rows(self, table: str, *columns: str, where: str = "") -> list[tuple[Any, ...]]:
        self._cursor.execute(f"SELECT {', '.join(columns)} FROM {table} {where}")
        rows: list[tuple[Any, ...]] = self._cursor.fetchall()
        return rows

    def _message(
        self, row: tuple[Any, ...], reactions: list[tuple[str, ...]], mentions: list[str]
    ) -> Json:
        key = (*row, *reactions, *mentions)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = dict(zip(_MESSAGE, row, strict=True))
            for name in ("id", "sender_id", "reply_to"):
                known[name] = known[name] and _id(known[name])
            for name in ("edited_at", "deleted_at"):
                known[name] = known[name] and _moment(known[name])
            known["reactions"], known["mentions"] = reactions, mentions
            known["mentions_all"] = bool(known["mentions_all"])
        return known


_MESSAGE = (
    *("id", "conversation_id", "seq", "version", "sender_id", "type", "content", "client_id"),
    *("reply_to", "edited_at", "deleted_at", "mentions_all"),
)
_MENTION = ("message_id", "user_id", "conversation_id", "seq")


class Truth:
    """The state of one moment."""

    def __init__(
        self,
        rows: Callable[..., list[tuple[Any, ...]]],
        message: Callable[[tuple[Any, ...], list[tuple[str, ...]], list[str]], Json],
        hid: set[str],
    ) -> None:
        hides = rows("users", "id", where="WHERE hide_read_receipts")
        #: Who hides what they read.
        self.hiding = {_id(who) for (who,) in hides}
        hid |= self.hiding
        self._hid = frozenset(hid)
        self.views: dict[int, View] = {}
        self._deleted: set[int] = set()
        self._direct: dict[int, frozenset[str]] = {}
        head = ("id", "version", "last_seq", "membership_version", "name")
        for *fields, key, deleted_at in rows("conversations", *head, "direct_key", "deleted_at"):
            id_ = fields[0]
            self.views[id_] = View(*fields[1:])
            if deleted_at is not None:
                self._deleted.add(id_)
            if key:
                self._direct[id_] = frozenset(key.split(":"))
        place = ("conversation_id", "user_id", "member_role", "receipt_seq", "last_read_seq")
        for id_, who, *fields in rows("participants", *place, where="WHERE left_at IS NULL"):
            view, member = self.views[id_], _id(who)
            view.members[member], view.pointers[member], view.own_pointers[member] = fields
        reactions: dict[Any, dict[str, list[str]]] = {}
        for message_id, emoji, who in rows("reactions", "message_id", "emoji", "user_id"):
            reactions.setdefault(message_id, {}).setdefault(emoji, []).append(_id(who))
        mentions: dict[Any, list[tuple[str, int, int]]] = {}
        for message_id, who, *place in rows("mentions", *_MENTION):
            mentions.setdefault(message_id, []).append((_id(who), *place))
        self._read_by_all: set[str] = set()
        columns = ("reply_to_id" if name == "reply_to" else name for name in _MESSAGE)
        for *columns_read, read_at in rows("messages", *columns, "read_at"):
            row = tuple(columns_read)
            of = reactions.get(row[0], {}).items()
            named = sorted(mentions.get(row[0], ()))
            stored = message(
                row,
                sorted((emoji, *sorted(who)) for emoji, who in of),
                [who for who, *_ in named],
            )
            assert all(place == [row[1], row[2]] for _, *place in named), "its own place"
            self.views[row[1]].messages[stored["id"]] = stored
            if read_at is not None:
                self._read_by_all.add(stored["id"])
        #: Who has blocked whom.
        self.blockers = {
            (_id(one), _id(other)) for one, other in rows("blocks", "blocker_id", "blocked_id")
        }
        self.blocks = {frozenset(pair) for pair in self.blockers}

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
        others = dict.fromkeys(view.pointers, 0) if viewer_id in self.hiding else view.pointers
        return {**others, viewer_id: view.own_pointers[viewer_id]}

    def deleted(self, id_: int) -> bool:
        return id_ in self._deleted

    def cut(self, id_: int) -> bool:
        """Whether a block stands between the two of a one-to-one conversation."""
        return self._direct.get(id_) in self.blocks

    def blocked(self, one: str, other: str) -> bool:
        """Whether a block stands between these two, either way round."""
        return frozenset((one, other)) in self.blocks

    def neighbours(self, user_id: str) -> set[str]:
        """Those whom it concerns when this person comes or goes."""
        return {
            other
            for id_ in self.of(user_id)
            for other in self.views[id_].members
            if other != user_id and not self.blocked(user_id, other)
        }

    def mentioned(self, message: Json) -> set[str]:
        """Whom it concerns: those named, or everybody, but not its author."""
        everybody = (
            self.views[message["conversation_id"]].members if message["mentions_all"] else ()
        )
        return {*message["mentions"], *everybody} - {message["sender_id"]}

    def hears(self, user_id: str, message: Json) -> bool:
        """Whether this person is told that it mentions them."""
        return (user_id, message["sender_id"]) not in self.blockers

    def unread_mentions(self, id_: int, user_id: str) -> int:
        """How many messages that this person hasn't read mention them."""
        view = self.views[id_]
        return sum(
            message["seq"] > view.own_pointers[user_id]
            and user_id in self.mentioned(message)
            and self.hears(user_id, message)
            for message in view.messages.values()
        )

    def all_messages(self) -> list[Json]:
        """In an order that a history can be played again in."""
        return [
            message
            for id_ in sorted(self.views)
            for message in sorted(self.views[id_].messages.values(), key=lambda one: one["seq"])
        ]

    def _check_read_at(self, id_: int) -> None:
        """Read by all is what the others may know to be read by all.

        All of that between two people who don't hide it; in groups those who came later have read
        nothing of it, and nobody waits for those who hide it.
        """
        view, direct = self.views[id_], id_ in self._direct
        counted = [seq for who, seq in view.pointers.items() if direct or who not in self._hid]
        least = min(counted, default=view.last_seq)  # the last one may have left
        known = direct and not self.hiding & set(view.members)
        for message in view.messages.values():
            by_all = message["id"] in self._read_by_all
            assert message["seq"] <= least or not by_all, message
            assert message["seq"] > least or by_all or not known, message

    def check(self) -> None:
        """What holds for every log."""
        for id_, view in self.views.items():
            seqs = sorted(message["seq"] for message in view.messages.values())
            assert seqs == list(range(1, view.last_seq + 1)), id_
            versions = [message["version"] for message in view.messages.values()]
            assert len(set(versions)) == len(versions), id_
            assert max(versions, default=0) <= view.version, id_
            assert view.membership_version <= view.version, id_
            assert max(view.own_pointers.values(), default=0) <= view.last_seq, id_
            for user_id, seq in view.own_pointers.items():
                assert view.pointers[user_id] <= seq, id_
                apart = id_ in self._direct or user_id in self._hid
                assert view.pointers[user_id] == seq or apart, "groups have no blocks"
            self._check_read_at(id_)
            for message in view.messages.values():
                mentions = message["mentions"], message["mentions_all"]
                assert message["deleted_at"] is None or mentions == ([], False), message
                assert message["type"] == "text" or mentions == ([], False), message
            names = [
                (message["sender_id"], message["client_id"])
                for message in view.messages.values()
                if message["client_id"]
            ]
            assert len(set(names)) == len(names), "one message a client_id"


@cache
def _id(stored: Any) -> str:
    """SQLite keeps UUIDs as 32 hexadecimal digits."""
    return str(UUID(str(stored)))


def _moment(stored: Any) -> str:
    """ISO 8601 in UTC with milliseconds; SQLite keeps times as text without a zone."""
    moment = datetime.fromisoformat(stored) if isinstance(stored, str) else stored
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    return str(moment.replace(tzinfo=None).isoformat(timespec="milliseconds")) + "Z"
