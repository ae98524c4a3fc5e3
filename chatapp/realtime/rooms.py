"""Names of Socket.IO rooms. They never leave the server."""

from __future__ import annotations


def conversation_room(conversation_id: int, dialect: str = "colon") -> str:
    """Every connection of every member that speaks this dialect."""
    return f"{dialect}/conversation:{conversation_id}"


def inbox_room(user_id: str, dialect: str = "colon") -> str:
    """Every connection of one person that speaks this dialect."""
    return f"{dialect}/user:{user_id}"


def translated(room: str, dialect: str, other: str) -> str | None:
    """The room that takes this one's place in another dialect; None where it has nothing to do."""
    start = f"{dialect}/"
    return f"{other}/{room.removeprefix(start)}" if room.startswith(start) else None


def user_room(user_id: str) -> str:
    """Every connection of one person, whatever it speaks."""
    return f"user:{user_id}"


def credential_room(credential_id: str) -> str:
    """Every connection that one token or session opened."""
    return f"credential:{credential_id}"


def view_room(conversation_id: int) -> str:
    """Every connection that views this conversation."""
    return f"view:{conversation_id}"
