"""Messages as JSON, read set-wise: fifty take as many statements as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Integer, Select, bindparam, func, select

from chatapp.conversation.mentions import mentions_in
from chatapp.conversation.presenters import MessageJson, message_json, without_receipts
from chatapp.core.db import db
from chatapp.models import Message, Reaction, User

#: An answer ends with the message that brings its text to this many characters. A limit on the
#: number of messages alone would let an answer grow to tens of megabytes.
MAX_TEXT = 500_000


def messages_where(*conditions: Any) -> Select[Message, User]:
    """Return a query for messages with their senders."""
    return select(Message, User).join(User, User.id == Message.sender_id).where(*conditions)


# Built once: composing these took each request longer than running them.
_VIEWER: BindParameter[str] = bindparam("viewer_id")
HIDES_RECEIPTS = select(User.hide_read_receipts).where(User.id == _VIEWER)
_REACTIONS = (
    select(Reaction)
    .where(Reaction.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(Reaction.created_at, Reaction.user_id, Reaction.emoji)
)


def read_messages(query: Select[Message, User], **values: Any) -> list[MessageJson]:
    """Run a `messages_where` query with these values and return its messages in order.

    Takes two statements, and a third where a message has an @ in it.
    """
    return _present([(row[0], row[1]) for row in db.session.execute(query, values)])


def messages_for(viewer_id: str, messages: Sequence[MessageJson]) -> list[MessageJson]:
    """Return these messages as this person may see them; takes at most one statement.

    People who hide their read receipts don't see those of others.
    """
    was_read = any(message["read_at"] for message in messages)
    if was_read and db.session.scalar(HIDES_RECEIPTS, {"viewer_id": viewer_id}):
        return [without_receipts(message) for message in messages]
    return list(messages)


@dataclass(frozen=True, slots=True)
class MessageRange:
    """Consecutive messages, and the conversation of the message that comes after them."""

    messages: list[MessageJson]
    #: None where no message comes after these.
    next_conversation_id: int | None


def range_query(
    *conditions: Any, order: Callable[[Any], tuple[Any, ...]]
) -> Select[Message, User, int]:
    """Return a query for `read_range`: the messages that meet ``conditions``, in this order."""
    limit = bindparam("limit", type_=Integer)
    sizes = (
        select(
            Message.id,
            Message.conversation_id,
            Message.seq,
            Message.version,
            func.length(func.coalesce(Message.content, "")).label("size"),
        )
        .where(*conditions)
        .order_by(*order(Message))
        .limit(limit + 1)
        .subquery()
    )
    in_order = order(sizes.c)
    places = select(
        sizes.c.id,
        func.row_number().over(order_by=in_order).label("place"),
        (func.sum(sizes.c.size).over(order_by=in_order) - sizes.c.size).label("text_before"),
        func.lead(sizes.c.conversation_id).over(order_by=in_order).label("next_conversation_id"),
    ).subquery()
    return (
        messages_where(places.c.place <= limit, places.c.text_before < bindparam("text"))
        .join(places, places.c.id == Message.id)
        .add_columns(places.c.next_conversation_id)
        .order_by(places.c.place)
    )


def read_range(
    query: Select[Message, User, int], *, limit: int, text: int = MAX_TEXT, **values: Any
) -> MessageRange:
    """Run a `range_query` with these values and return its first messages.

    Returns at most ``limit`` messages, and stops after the one that brings their text to ``text``
    characters. The database sends no message that isn't returned.
    """
    rows = db.session.execute(query, {**values, "limit": limit, "text": text}).all()
    return MessageRange(
        _present([(message, sender) for message, sender, _ in rows]),
        rows[-1].next_conversation_id if rows else None,
    )


def _present(rows: Sequence[tuple[Message, User]]) -> list[MessageJson]:
    """Return messages with their reactions and mentions."""
    messages = [message for message, _ in rows]
    reactions = _reactions_to([message.id for message in messages])
    mentions = mentions_in(messages)
    return [
        message_json(message, sender, reactions[message.id], mentions.get(message.id, ()))
        for message, sender in rows
    ]


def _reactions_to(message_ids: Sequence[str]) -> Mapping[str, list[Reaction]]:
    """Return the reactions to these messages, oldest first."""
    found: dict[str, list[Reaction]] = defaultdict(list)
    if message_ids:
        for reaction in db.session.scalars(_REACTIONS, {"message_ids": list(message_ids)}):
            found[reaction.message_id].append(reaction)
    return found
