"""Names of Socket.IO rooms. They never leave the server."""

from __future__ import annotations


def conversation_room(conversation_id: int) -> str:
    """Every connection of every member."""
    return f"conversation:{conversation_id}"


def user_room(user_id: str) -> str:
    """Every connection of one person."""
    return f"user:{user_id}"


def credential_room(credential_id: str) -> str:
    """Every connection that one token or session opened."""
    return f"credential:{credential_id}"


def view_room(conversation_id: int) -> str:
    """Every connection that views this conversation."""
    return f"view:{conversation_id}"
