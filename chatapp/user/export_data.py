"""Read what an export contains: messages, a page at a time, and account data as JSON.

Every page of a conversation's messages is access-checked anew, so the export holds what the person
may see at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, select

from chatapp.auth.sign_in_presenters import sign_in_json
from chatapp.conversation.access import access_conversation
from chatapp.conversation.messages import messages_for, messages_where, read_messages
from chatapp.conversation.presenters import MessageJson
from chatapp.core import concurrency
from chatapp.core.clock import iso
from chatapp.core.db import db, snapshot
from chatapp.models import Block, Contact, LinkedAccount, Message, SignIn, User

#: Messages in memory at a time.
_PAGE_SIZE = 100
_MAX_ROWS = 10_000


def conversation_messages(user_id: str, conversation_id: int) -> Iterator[MessageJson]:
    """Iterate over a conversation's messages, oldest first.

    Raises NotFound as soon as the person is no longer a member.
    """
    seq = 0
    while True:
        with snapshot():
            access_conversation(user_id, conversation_id)
            page = _read_page(Message.conversation_id == conversation_id, Message.seq > seq)
            messages = messages_for(user_id, page)
        yield from messages
        if len(messages) < _PAGE_SIZE:
            return
        seq = messages[-1]["seq"]
        concurrency.wait(0)


def messages_written_elsewhere(user_id: str, own_ids: Iterable[int]) -> Iterator[MessageJson]:
    """Iterate over what this person wrote outside their own conversations, oldest first."""
    last_id = ""
    own = set(own_ids)
    while True:
        with snapshot():
            written = select(Message.id).where(
                Message.sender_id == user_id, Message.type != "system", Message.deleted_at.is_(None)
            )
            if last_id:
                written = written.where(Message.id > last_id)
            ids = db.session.scalars(written.order_by(Message.id).limit(_PAGE_SIZE)).all()
            messages = read_messages(messages_where(Message.id.in_(ids)).order_by(Message.id))
        for message in messages:
            if message["conversation_id"] not in own:
                yield _without_reactions(message)
        if len(ids) < _PAGE_SIZE:
            return
        last_id = ids[-1]
        concurrency.wait(0)


def _without_reactions(message: MessageJson) -> MessageJson:
    """Leave out what other members did: a former member may no longer see it."""
    changed_at = message["edited_at"] or message["created_at"]
    return {**message, "reactions": [], "read_at": None, "updated_at": changed_at}


def _read_page(*conditions: ColumnElement[bool]) -> list[MessageJson]:
    return read_messages(messages_where(*conditions).order_by(Message.seq).limit(_PAGE_SIZE))


def sign_ins(user_id: str, current_id: str) -> list[dict[str, Any]]:
    """Return all sign-ins, also ended ones, newest first."""
    rows = db.session.scalars(
        select(SignIn)
        .where(SignIn.user_id == user_id)
        .order_by(SignIn.created_at.desc())
        .limit(_MAX_ROWS)
    )
    return [{**sign_in_json(row, current_id), "ended_at": iso(row.ended_at)} for row in rows]


def contacts(user_id: str) -> list[dict[str, Any]]:
    """Return the contacts by name."""
    rows = db.session.execute(
        select(User.id, User.username, User.name, Contact.created_at)
        .join(Contact, Contact.contact_id == User.id)
        .where(Contact.user_id == user_id)
        .order_by(User.name, User.id)
        .limit(_MAX_ROWS)
    )
    return [
        {
            "user_id": row.id,
            "username": row.username,
            "name": row.name,
            "created_at": iso(row.created_at),
        }
        for row in rows
    ]


def blocked_ids(user_id: str) -> list[str]:
    """Return the ids of the people that this person blocks."""
    return list(db.session.scalars(select(Block.blocked_id).where(Block.blocker_id == user_id)))


def linked_accounts(user_id: str) -> list[dict[str, Any]]:
    """Return the connected accounts of OpenID providers."""
    rows = db.session.scalars(select(LinkedAccount).where(LinkedAccount.user_id == user_id))
    return [
        {"issuer": row.issuer, "email": row.email, "created_at": iso(row.created_at)}
        for row in rows
    ]
