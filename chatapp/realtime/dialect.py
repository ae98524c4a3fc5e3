"""Dialects: the names and shapes of events that clients speak. The rules are the same in all.

Every connection speaks one dialect, for good. Colon is this server's own; the others are contracts
of older back ends (`chatapp.dialects`), which rename, reshape and call the same use cases. An event
goes out in colon as it is; in the others its renderer makes a name and a payload of it, from the
event alone: no renderer asks the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask
from pydantic import BaseModel

from chatapp.core.errors import ChatError, error_ack, error_json
from chatapp.core.events import ClientEvent
from chatapp.core.validation import read_event

if TYPE_CHECKING:
    from chatapp.realtime.connections import Connection

M = TypeVar("M", bound=BaseModel)
Args = tuple[Any, ...]
Handle = Callable[["Connection", M], dict[str, Any]]
#: An event's name and payload, as they go out.
Rendered = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """The function that answers one of a client's events, and how its arguments are read."""

    model: type[BaseModel]
    call: Callable[[Connection, Any], Any]
    read: Callable[[type[BaseModel], Args], BaseModel]
    #: People who may only read may send it too.
    reads: bool
    #: It counts against the rate limit where a message is known to be new, not here.
    sends: bool


def _refusal(error: ChatError) -> tuple[str, dict[str, Any]]:
    return "error", error_json(error)


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, **answer}


@dataclass(slots=True, eq=False)
class Dialect:
    """The events of one contract."""

    name: str
    #: By an event's canonical name the function that renders it, which may return None: this
    #: event isn't sent. Without a renderer it isn't either.
    renderers: Mapping[str, Callable[[ClientEvent], Rendered | None]] = field(default_factory=dict)
    #: Makes the acknowledgement of an event that was handled.
    answer: Callable[[dict[str, Any]], Any] = _answer
    #: Makes the acknowledgement of an event that failed.
    failed: Callable[[ChatError], dict[str, Any]] = error_ack
    #: Makes the event that reports a failure where no acknowledgement was asked for.
    refusal: Callable[[ChatError], tuple[str, dict[str, Any]]] = _refusal
    #: Returns an event's actual name and arguments, where clients may wrap one event in another.
    unwrap: Callable[[object, Args], tuple[object, Args]] = lambda name, args: (name, args)
    #: Whether the connection that sent a message gets its event too.
    echoes: bool = True
    #: Whether a connection that named no dialect may show by its first event that it speaks this.
    by_first_event: bool = False
    #: Called for a person when somebody whose presence they may see came, went, or became visible.
    on_presence_change: Callable[[Flask, str], None] | None = None
    handlers: dict[str, Handler] = field(default_factory=dict)

    def render(self, event: ClientEvent) -> Rendered | None:
        """Return how the event reads in this dialect; None where it isn't sent in it."""
        if self is COLON:
            return event.name, event.payload
        renderer = self.renderers.get(event.name)
        return renderer(event) if renderer else None

    def on_event(
        self,
        name: str,
        model: type[M],
        *,
        reads: bool = False,
        sends: bool = False,
        read: Callable[[type[Any], Args], Any] = read_event,
    ) -> Callable[[Handle[M]], Handle[M]]:
        """Let this function answer ``name``; ``read`` makes the model of the event's arguments."""

        def register(function: Handle[M]) -> Handle[M]:
            self.handlers[name] = Handler(model, function, read, reads, sends)
            return function

        return register


COLON = Dialect("colon")
#: Registers a function that answers one of colon's events.
on_event = COLON.on_event
