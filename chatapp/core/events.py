"""What must be known once a change is committed: events for clients, signals for this process.

A service calls `announce` or `send_signal` (`chatapp.core.db`) inside `atomic()`; the app's
`EventBus` delivers after the commit.

Both are hints. Clients make good by version what they missed; work that must happen belongs in a
row written by the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

#: The Socket.IO room of the connections that cause the present change: one connection for its
#: event, all of a sign-in for its call.
origin: ContextVar[str | None] = ContextVar("origin", default=None)


@contextmanager
def caused_by(room: str | None) -> Iterator[None]:
    """Name the connections in this room as the cause of what is announced inside; None: nobody."""
    token = origin.set(room)
    try:
        yield
    finally:
        origin.reset(token)


@dataclass(frozen=True, slots=True)
class Members:
    """An audience: the members of a conversation, as of the commit."""

    conversation_id: int
    #: The conversation's membership version at the commit: only its members may get the event.
    membership_version: int
    #: Of the members only these; empty: all.
    only: frozenset[str] = frozenset()
    #: The people who became members by this very change.
    joined: frozenset[str] = frozenset()
    #: The people who were members until this very change.
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class People:
    """An audience: these people, wherever they are connected."""

    user_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """One event for clients: its canonical name, its payload and its audience."""

    name: str
    payload: dict[str, Any]
    to: Members | People
    #: The conversation's version that this event carries, None for events that have none (read
    #: pointers). Those with one are delivered in its order.
    version: int | None = None
    #: What other dialects say of the event beyond its payload, so that they need not ask the
    #: database. Never sent as it is.
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: The room of the connections that caused it. Never sent.
    origin: str | None = field(default_factory=origin.get)
    #: Filled by the sequencer, which reserves the event's slot before the commit.
    slots: list[Any] = field(default_factory=list, compare=False, repr=False)

    @property
    def conversation_id(self) -> int | None:
        """The conversation whose members it is for; None where it is for people."""
        return self.to.conversation_id if isinstance(self.to, Members) else None


class ProcessSignal:
    """Something that parts of this process must know, and no client is sent."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class CredentialEnded(ProcessSignal):
    """A sign-in ended: its connections have to be closed."""

    credential_id: str


@dataclass(frozen=True, slots=True)
class ReceiptsSwitched(ProcessSignal):
    """A person hides what they have read from now on, or shows it again."""

    user_id: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class PresenceAudienceChanged(ProcessSignal):
    """These people may see other people's presence than before."""

    user_ids: frozenset[str]
