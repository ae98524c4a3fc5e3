"""Names of Socket.IO rooms. They never leave the server."""

from __future__ import annotations


def conversation_room(conversation_id: int, dialect: str = "colon") -> str:
    """Name the room of all members' connections that speak this dialect."""
    return f"{dialect}/conversation:{conversation_id}"


def inbox_room(user_id: str, dialect: str = "colon") -> str:
    """Name the room of one person's connections that speak this dialect."""
    return f"{dialect}/user:{user_id}"


def translated(room: str, dialect: str, other: str) -> str | None:
    """Name the same room in another dialect; None where rooms don't depend on the dialect."""
    start = f"{dialect}/"
    return f"{other}/{room.removeprefix(start)}" if room.startswith(start) else None


def user_room(user_id: str) -> str:
    """Name the room of one person's connections, whatever dialect they speak."""
    return f"user:{user_id}"


def credential_room(credential_id: str) -> str:
    """Name the room of the connections that one token or session opened."""
    return f"credential:{credential_id}"


def view_room(conversation_id: int) -> str:
    """Name the room of the connections that view this conversation."""
    return f"view:{conversation_id}"
