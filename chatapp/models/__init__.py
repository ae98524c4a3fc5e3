"""The tables: one graph, one package."""

from __future__ import annotations

from chatapp.models.attempts import Attempts
from chatapp.models.block import Block
from chatapp.models.conversation import Conversation, Participant
from chatapp.models.group import Group
from chatapp.models.message import Message, Reaction
from chatapp.models.token import AccessToken, StoredSession
from chatapp.models.user import User

__all__ = [
    "AccessToken",
    "Attempts",
    "Block",
    "Conversation",
    "Group",
    "Message",
    "Participant",
    "Reaction",
    "StoredSession",
    "User",
]
