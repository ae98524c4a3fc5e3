"""The tables: one graph, one package."""

from __future__ import annotations

from chatapp.models.conversation import Conversation, Participant
from chatapp.models.message import Message
from chatapp.models.token import AccessToken, StoredSession
from chatapp.models.user import User

__all__ = ["AccessToken", "Conversation", "Message", "Participant", "StoredSession", "User"]
