"""What clients speak: names and shapes of events. The rules are the same in all of them.

Every connection speaks one dialect, for good. Colon is this server's own; the others are contracts
of older back ends (`chatapp.dialects`), which rename, reshape and call the same use cases. A
dialect hears an event by its `hears`: canonical name to a function that gives what its clients are
sent, or None where they have no word for it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Flask
from pydantic import BaseModel

from chatapp.core import concurrency
from chatapp.core.errors import ChatError, error_ack, error_json
from chatapp.core.validation import read_event

if TYPE_CHECKING:
    from chatapp.realtime.dispatch import Connection

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)
Args = tuple[Any, ...]
Handle = Callable[["Connection", M], dict[str, Any]]
#: From a canonical payload to an event's name and payload.
Hears = Callable[[dict[str, Any]], tuple[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """What answers one of a client's events."""

    model: type[BaseModel]
    call: Callable[[Connection, Any], Any]
    read: Callable[[type[BaseModel], Args], BaseModel]
    #: It is open to who may read only.
    reads: bool
    #: It counts against a person's limit where a message is known to be new, not here.
    sends: bool


def _refusal(error: ChatError) -> tuple[str, dict[str, Any]]:
    return "error", error_json(error)


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, **answer}


@dataclass(slots=True, eq=False)
class Dialect:
    """The events of one contract."""

    name: str
    hears: Mapping[str, Hears] = field(default_factory=dict)
    #: What an event that went well is acknowledged with.
    answer: Callable[[dict[str, Any]], Any] = _answer
    #: What one that failed is acknowledged with.
    failed: Callable[[ChatError], dict[str, Any]] = error_ack
    #: The event that tells of a failure where no acknowledgement was asked for.
    refusal: Callable[[ChatError], tuple[str, dict[str, Any]]] = _refusal
    #: An event's true name and arguments, where clients may wrap one.
    unwrap: Callable[[object, Args], tuple[object, Args]] = lambda name, args: (name, args)
    #: Whether the connection that sent a message hears of it too.
    echoes: bool = True
    #: Whether a connection that hasn't said what it speaks may show it by its first event.
    by_first_event: bool = False
    #: Somebody whose coming and going this person may notice came or went.
    noticed: Callable[[Flask, str], None] | None = None
    handlers: dict[str, Handler] = field(default_factory=dict)

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

#: The dialects that are switched on, by name.
known: dict[str, Dialect] = {"colon": COLON}
#: How many of this process's connections speak each.
_speakers: Counter[str] = Counter()
#: Held while a connection changes its dialect, and while an event goes out in all of them.
changing = concurrency.lock()
#: How often connections and sign-ins began to use each older dialect, since the start.
uses: Counter[str] = Counter()


def switch_on(dialects: Collection[Dialect]) -> None:
    """Colon and these can be spoken from now on, and no others."""
    known.clear()
    known.update({dialect.name: dialect for dialect in (COLON, *dialects)})


def begin(dialect: Dialect) -> None:
    """One connection more speaks it."""
    _speakers[dialect.name] += 1


def end(dialect: Dialect) -> None:
    """One connection less speaks it."""
    _speakers[dialect.name] -= 1


def note_use(dialect: str, user_id: str | None) -> None:
    """An older name was used, for the first time by this connection or sign-in: log and count it.

    Whoever runs the server sees by this when a dialect can be switched off.
    """
    uses[dialect] += 1
    log.info(
        "the dialect %s is in use, for the %d. time since the start",
        dialect,
        uses[dialect],
        extra={"dialect": dialect, "user_id": user_id},
    )


def spoken() -> list[Dialect]:
    """The older dialects that somebody speaks just now: usually none, at no cost."""
    return [known[name] for name in known if name != "colon" and _speakers[name] > 0]


def by_first_event(name: object, args: Args) -> Dialect:
    """What a connection that hasn't said so speaks, by its first event."""
    for dialect in known.values():
        if dialect.by_first_event:
            meant, _ = dialect.unwrap(name, args)
            if isinstance(meant, str) and meant in dialect.handlers:
                return dialect
    return COLON
