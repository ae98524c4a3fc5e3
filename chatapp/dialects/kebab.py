"""Kebab: events of a Supabase-style back end; its REST is in `kebab_rest`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from chatapp.chat import service
from chatapp.chat.schemas import MessageBody
from chatapp.conversation.addressing import addressed_to
from chatapp.core.errors import Forbidden
from chatapp.core.events import ClientEvent
from chatapp.core.validation import MessageText, Uuid
from chatapp.dialects.kebab_rest import REST
from chatapp.dialects.kebab_shapes import addressed_message, message
from chatapp.dialects.shapes import error_and_code, renamed_fields
from chatapp.group.access import conversation_of
from chatapp.realtime.connections import Connection
from chatapp.realtime.dialect import Args, Dialect, Rendered

__all__ = ["DIALECT", "REST"]


class Named(BaseModel):
    """An event whose only argument is an id."""

    id: Uuid


class Send(BaseModel):
    """A message to a person or to a group."""

    sender_id: Uuid
    receiver_id: Uuid
    content: MessageText
    is_group: bool = False


def _unwrap(name: object, args: Args) -> tuple[object, Args]:
    """Unwrap `message` with `{event, data}`: a test tool sends every event like this."""
    data = args[0] if args else None
    if name == "message" and isinstance(data, Mapping) and "event" in data:
        return data["event"], (data.get("data"),)
    return name, args


def _id(model: type[Named], args: Args) -> Named:
    return model.model_validate({"id": args[0] if args else None}, strict=True)


def _render_message(event: ClientEvent) -> Rendered:
    to, group_id = event.facts["receiver_id"], event.facts["group_id"]
    return "receive-message", message(event.payload, receiver_id=to, group_id=group_id)


DIALECT = Dialect(
    "kebab",
    renderers={"message:received": _render_message},
    failed=error_and_code,
    refusal=lambda error: ("error-message", error_and_code(error)),
    unwrap=_unwrap,
    echoes=False,
    by_first_event=True,
)


@DIALECT.on_event("join", Named, reads=True, read=_id)
def join(connection: Connection, inbox: Named) -> dict[str, Any]:
    """Do nothing: the caller's own inbox is joined from the start, and no other can be."""
    if inbox.id != connection.user_id:
        raise Forbidden("Join with your own id: the inbox of the token's owner is the only one.")
    return {}


@DIALECT.on_event("join-group", Named, reads=True, read=_id)
def join_group(connection: Connection, group: Named) -> dict[str, Any]:
    """Do nothing: members are in their groups' rooms from the start. Raises NotFound for others."""
    conversation_of(connection.user_id, group.id)
    return {}


@DIALECT.on_event("send-message", Send, sends=True)
def send_message(connection: Connection, new: Send) -> dict[str, Any]:
    """Send a message to a person or a group; answer with the stored one."""
    if new.sender_id != connection.user_id:
        raise Forbidden("Send as yourself: sender_id has to be the id of the token's owner.")
    send = service.send_to_group if new.is_group else service.send_to_person
    # There is no way to ask for a confirmation: @all is taken as meant.
    body = MessageBody(content=new.content, mention_all=True)
    with renamed_fields(participant_ids="receiver_id"):
        stored = send(connection.user_id, new.receiver_id, body).message
    id_ = stored["conversation_id"]
    return {"message": addressed_message(stored, addressed_to([id_])[id_])}
