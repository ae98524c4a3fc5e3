"""Camel: events of a back end that ran beside an outer application; its REST is colon's."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from chatapp.chat import service
from chatapp.chat.schemas import NewMessage
from chatapp.conversation.presenters import MessageJson
from chatapp.core.errors import ChatError, Forbidden
from chatapp.dialects.rest import Rest
from chatapp.dialects.shapes import url_or_text
from chatapp.realtime.connections import Connection
from chatapp.realtime.dialect import Dialect


class Introduction(BaseModel):
    """The id that a client gives as its own; the token says so already."""

    userId: str  # noqa: N815


def message(payload: dict[str, Any] | MessageJson) -> dict[str, Any]:
    """Shape a message; a system message is a text message."""
    sender = payload["sender"]
    return {
        "id": payload["id"],
        "conversation_id": payload["conversation_id"],
        "sender_id": payload["sender_id"],
        "content": url_or_text(payload),
        "type": "text" if payload["type"] == "system" else payload["type"],
        "read_at": payload["read_at"],
        "created_at": payload["created_at"],
        "updated_at": payload["updated_at"],
        "deleted_at": payload["deleted_at"],
        "sender": {
            "id": sender["id"],
            "username": sender["username"],
            "email": None,
            "profile_picture": sender["profile_picture"],
            "role": sender["role"],
        },
    }


def _failed(error: ChatError) -> dict[str, Any]:
    return {"error": {"code": error.code, "message": error.message}}


DIALECT = Dialect(
    "camel",
    renderers={"message:received": lambda event: ("receiveMessage", message(event.payload))},
    answer=lambda answer: answer,
    failed=_failed,
    refusal=lambda error: ("error", _failed(error)),
)
#: Colon's calls serve camel's clients as they are.
REST = Rest("camel")


@DIALECT.on_event("sendMessage", NewMessage, sends=True)
def send_message(connection: Connection, new: NewMessage) -> dict[str, Any]:
    """Send a message; answer with the stored one."""
    return message(service.send_message(connection.user_id, new.conversation_id, new).message)


@DIALECT.on_event("connection", Introduction, reads=True)
def introduce(connection: Connection, introduction: Introduction) -> dict[str, Any]:
    """Do nothing: some clients send their id, which the token has given already."""
    if introduction.userId != connection.user_id:
        raise Forbidden("This userId isn't the one that your token belongs to.")
    return {}
