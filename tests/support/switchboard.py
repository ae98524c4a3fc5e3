"""The app's real Socket.IO server without a transport under it, and a clock that a test moves.

A `Line` is a connection with its own packets, rooms and acknowledgements. What the server does
beside its clients (hooks, typing that ends by itself) runs in greenlets: at once, and on whenever
`pass_time` has reached what it waits for. So a history is the same each time it is played.
"""

from __future__ import annotations

import contextvars
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import random
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from greenlet import getcurrent, greenlet
from socketio.packet import ACK, CONNECT, EVENT, Packet
from werkzeug.test import EnvironBuilder

from tests.support.truth import Json, Reader, Truth
from tests.support.world import Person

#: Seconds for which whoever has gone still counts as present.
GRACE = 5.0


class Switchboard:
    """Takes the place of Engine.IO: what the server sends to a line comes to it at once."""

    def __init__(self, app: flask.Flask, reader: Reader) -> None:
        self.app = app
        self.reader = reader
        self.before: Truth = reader.read()  # as of the `look` before the last one
        self.truth: Truth = self.before
        self.server = app.extensions["hub"].server
        self.lines: dict[str, Line] = {}
        #: Every announcement with a version, in the order in which they went out.
        self.announced: list[tuple[int, int]] = []
        #: Who must hear of whose coming and going, and of being mentioned: line, event, whose.
        self.expected: Counter[tuple[str, str, str]] = Counter()
        #: Whether one thing happens after the other, so that `truth` is what holds.
        self.calm = True
        self.clock = Clock()
        self._departed: dict[str, float] = {}  # when their last line was closed

    def look(self) -> Truth:
        """Read the database anew."""
        self.before, self.truth = self.truth, self.reader.read()
        if self.calm:
            self._expect_mentions()
        return self.truth

    def _expect_mentions(self) -> None:
        """Whoever is newly mentioned hears of it over each of their lines, once."""
        for id_, view in self.truth.views.items():
            known = self.before.views.get(id_)
            if known is not None and known.version == view.version:
                continue
            for message in view.messages.values():
                old = known and known.messages.get(message["id"])
                if old and (old["version"] == message["version"] or old["mentions_all"]):
                    continue
                for who in self.truth.mentioned(message) - {*(old["mentions"] if old else ())}:
                    if self.truth.hears(who, message):
                        self.expected.update(
                            (line.id, "user:mentioned", message["id"])
                            for line in self.lines_of(who)
                        )

    def online(self, user_id: str) -> bool:
        """Whether they count as present."""
        return user_id in self._departed or bool(self.lines_of(user_id))

    def pass_time(self, seconds: float) -> None:
        """So much later, what waited for it has happened."""
        self.clock.pass_time(seconds)
        for user_id, moment in list(self._departed.items()):
            if moment + GRACE <= self.clock.now:
                del self._departed[user_id]
                self._expect("user:offline", user_id)

    def arrived(self, person: Person) -> None:
        """Somebody's line is about to be opened."""
        if not self.calm:
            return
        if not self.online(person.id):
            self._expect("user:online", person.id)
        self._departed.pop(person.id, None)

    def went(self, person: Person) -> None:
        """One of somebody's lines is closed."""
        if self.calm and not self.lines_of(person.id):
            self._departed[person.id] = self.clock.now

    def _expect(self, event: str, user_id: str) -> None:
        for neighbour in self.truth.neighbours(user_id):
            self.expected.update((line.id, event, user_id) for line in self.lines_of(neighbour))

    def end_history(self) -> None:
        """Nobody is connected, nothing waits, the database is empty but for people."""
        for line in list(self.lines.values()):
            line.close()
        self.app.extensions["presence"]._leaving.clear()  # they don't need to be seen off
        self.clock.pass_time(60)
        assert not self.clock.busy
        self.reader.clear()
        self.announced.clear()
        self.expected.clear()
        self._departed.clear()
        self.before = self.look()

    def announced_versions(self, id_: int) -> list[int]:
        return [version for of, version in self.announced if of == id_]

    def lines_of(self, user_id: str) -> list[Line]:
        return [line for line in self.lines.values() if line.person.id == user_id]

    def viewers(self, id_: int) -> set[str]:
        """Who looks at this conversation."""
        return {line.person.id for line in self.lines.values() if id_ in line.viewing}

    def send(self, eio_sid: str, data: str) -> None:
        line = self.lines.get(eio_sid)
        if line is not None:
            line.gets(Packet(encoded_packet=data))

    def send_packet(self, eio_sid: str, packet: Any) -> None:
        self.send(eio_sid, packet.data)


class Clock:
    """Tasks beside the test's own, and the time that they go by."""

    def __init__(self) -> None:
        self.now = 0.0
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, greenlet]] = []

    def spawn(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Run it until it first waits."""
        context = contextvars.copy_context()
        greenlet(lambda: context.run(target, *args, **kwargs)).switch()

    def wait(self, seconds: float) -> None:
        task = getcurrent()
        if task.parent is not None:  # the test itself never waits
            self._waiting.append((self.now + seconds, next(self._numbers), task))
            task.parent.switch()

    def pass_time(self, seconds: float) -> None:
        """Whatever waits for a moment until then goes on at that moment."""
        end = self.now + seconds
        while self._waiting and min(self._waiting)[0] <= end:
            first = min(self._waiting)
            self._waiting.remove(first)
            self.now, _, task = first
            task.parent = getcurrent()
            task.switch()
        self.now = end

    @property
    def busy(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)


@contextmanager
def switchboard(app: flask.Flask) -> Iterator[Switchboard]:
    """Lines for clients that act one after the other, until the block ends."""
    from chatapp.core import concurrency
    from chatapp.realtime import typing

    with _board(app) as (board, patch):
        patch.setattr(concurrency, "spawn", board.clock.spawn)
        patch.setattr(concurrency, "wait", board.clock.wait)
        patch.setattr(typing, "time", SimpleNamespace(monotonic=lambda: board.clock.now))
        yield board


@contextmanager
def busy_switchboard(app: flask.Flask) -> Iterator[Switchboard]:
    """Lines for clients that act at the same time, in threads, with the real clock.

    Of what runs beside a connection only what is done at once does; the rest takes its time.
    Between a commit and its announcement each thread is held up for a moment, now long, now short:
    in few threads they would hardly ever overtake each other.
    """
    from chatapp.realtime import typing, views
    from chatapp.realtime.hooks import Hooks

    def in_line(self: Hooks, of: flask.Flask, connection: Any, own: Sequence[Any] = ()) -> None:
        for function in own:
            if function.__module__ in (typing.__name__, views.__name__):
                self._run(of, function, connection)

    bus = app.extensions["events"]
    publish = bus.publish

    def publish_late(announcements: Any) -> None:
        time.sleep(random() / 10)
        publish(announcements)

    with _board(app) as (board, patch):
        board.calm = False
        patch.setattr(bus, "publish", publish_late)
        patch.setattr(Hooks, "run", in_line)
        # however long a busy machine lets a thread wait
        patch.setattr(app.extensions["hub"].sequencer, "_timeout", 60)
        yield board


@contextmanager
def _board(app: flask.Flask) -> Iterator[tuple[Switchboard, pytest.MonkeyPatch]]:
    from chatapp.core.events import ClientEvent

    reader = Reader(app)
    board = Switchboard(app, reader)

    def note(event: ClientEvent) -> None:
        if event.version is not None:
            assert event.conversation_id is not None
            board.announced.append((event.conversation_id, event.version))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board.server.eio, "send", board.send)
        patch.setattr(board.server.eio, "send_packet", board.send_packet)
        end = app.extensions["events"].subscribe(note)
        try:
            yield board, patch
        finally:
            board.end_history()
            end()
            reader.close()


class Line:
    """One connection: an inbox of events, and calls that are answered."""

    _numbers = itertools.count(1)

    def __init__(self, board: Switchboard, person: Person, **auth: str) -> None:
        self._board = board
        self.person = person
        self.id = f"line-{next(self._numbers)}"
        self.inbox: list[tuple[str, Json]] = []
        self.viewing: set[int] = set()
        self._answers: dict[int, Json] = {}
        self._welcomed = False
        board.arrived(person)
        board.lines[self.id] = self
        environ = EnvironBuilder("/socket.io/", method="GET").get_environ()
        board.server._handle_eio_connect(self.id, environ)
        board.server._handle_eio_message(self.id, "0" + json.dumps({"token": person.token, **auth}))
        assert self._welcomed, "the handshake was refused"

    def gets(self, packet: Packet) -> None:
        if packet.packet_type == CONNECT:
            self._welcomed = True
        elif packet.packet_type == ACK:
            self._answers[packet.id] = packet.data[0]
        elif packet.packet_type == EVENT:
            # through JSON, as over the wire: nobody else's changes reach into it
            event, payload = packet.data
            if event == "conversation:removed":
                self.viewing.discard(payload["conversation_id"])
            self.inbox.append((event, payload))

    def call(self, event: str, payload: Json) -> Json:
        number = next(self._numbers)
        self._board.server._handle_eio_message(self.id, f"2{number}{json.dumps([event, payload])}")
        answer = self._answers.pop(number)
        if event == "conversation:join" and answer["ok"]:
            self.viewing.add(payload["conversation_id"])
        elif event == "conversation:leave":
            self.viewing.discard(payload["conversation_id"])
        return answer

    def close(self) -> None:
        if self._board.lines.pop(self.id, None) is not None:
            self._board.server.eio.handlers["disconnect"](self.id, "transport close")
            self._board.went(self.person)
