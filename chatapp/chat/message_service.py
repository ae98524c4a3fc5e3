"""Use cases of stored messages: edit, delete, react."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from chatapp.chat.schemas import NOT_AN_ADDRESS, Edit, fits_type
from chatapp.conversation.access import MessageAccess, access_message
from chatapp.conversation.direct import closed_conversations
from chatapp.conversation.members import bump_version
from chatapp.conversation.mentions import (
    MentionResolver,
    MentionText,
    announce_mentions,
    delete_mentions,
    store_mentions,
)
from chatapp.conversation.messages import messages_where, read_messages
from chatapp.conversation.presenters import MessageJson, without_receipts
from chatapp.core.db import announce, atomic, now
from chatapp.core.errors import Conflict, Forbidden, ValidationFailed
from chatapp.core.events import Members
from chatapp.models import Message, Reaction

#: The most different emoji on one message.
MAX_EMOJI = 20


def edit_message(user_id: str, message_id: str, edit: Edit) -> MessageJson:
    """Replace a message's content and notify the people it newly mentions.

    The same content changes nothing. Raises NotFound, Forbidden for anyone but its author, Conflict
    for a deleted message, and ValidationFailed for content that isn't the address of a file's
    message and for a new @all that must be confirmed.
    """
    content = edit.content
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        message = access.message
        if message.sender_id != user_id or message.type == "system":
            raise Forbidden("Only the author can edit a message.")
        _check_writable(work, access)
        if not fits_type(message.type, content):
            raise ValidationFailed(fields={"content": NOT_AN_ADDRESS})
        if message.content != content:
            recipients = _replace_mentions(work, access, edit)
            message.content = content
            message.edited_at = now()
            _announce_change(work, access, "message:edited")
            announce_mentions(message, access.conversation, recipients)
        return _read_for_caller(work, access)


def delete_message(user_id: str, message_id: str) -> MessageJson:
    """Delete a message's content for good and keep its place. Deleting again changes nothing.

    Raises NotFound, Forbidden for anyone but its author and a group's owners and admins, and
    Conflict if the other person's account is deleted. Across a block, your own can be deleted.
    """
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        message = access.message
        manages = access.participant.member_role in ("owner", "admin")
        if message.type == "system" or (message.sender_id != user_id and not manages):
            raise Forbidden("Only the author, or an owner or admin of the group, can delete it.")
        if message.deleted_at is None:
            _check_not_read_only(work, access)
            delete_mentions(work, message)
            message.deleted_at = now()
            message.content = None
            work.execute(delete(Reaction).where(Reaction.message_id == message_id))
            _announce_change(work, access, "message:deleted")
        return _read_for_caller(work, access)


def add_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """Add a person's emoji to a message. Adding it again changes nothing.

    Raises NotFound, Forbidden across a block, and Conflict for a deleted message, a deleted account
    and a message with `MAX_EMOJI` other emoji.
    """
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        _check_writable(work, access)
        if work.get(Reaction, (message_id, user_id, emoji)) is None:
            others = work.scalar(
                select(func.count(func.distinct(Reaction.emoji))).where(
                    Reaction.message_id == message_id, Reaction.emoji != emoji
                )
            )
            if (others or 0) >= MAX_EMOJI:
                raise Conflict(f"A message can have at most {MAX_EMOJI} different emoji.")
            work.add(Reaction(message_id=message_id, user_id=user_id, emoji=emoji))
            _announce_change(work, access, "message:reacted")
        return _read_for_caller(work, access)


def remove_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """Remove a person's emoji from a message, if it is there.

    Raises NotFound, and Conflict if the other person's account is deleted.
    """
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        reaction = work.get(Reaction, (message_id, user_id, emoji))
        if reaction is not None:
            _check_not_read_only(work, access)
            work.delete(reaction)
            _announce_change(work, access, "message:reacted")
        return _read_for_caller(work, access)


def toggle_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """Add a person's emoji to a message, or remove it if it is there.

    Raises what `add_reaction` raises.
    """
    with atomic() as work:
        access_message(user_id, message_id, lock=True)
        reacted = work.get(Reaction, (message_id, user_id, emoji)) is not None
        toggle = remove_reaction if reacted else add_reaction
        return toggle(user_id, message_id, emoji)


def _replace_mentions(work: Session, access: MessageAccess, edit: Edit) -> frozenset[str]:
    """Store the mentions of the new content, and return the people it newly notifies.

    Raises ValidationFailed for a new @all that must be confirmed.
    """
    message = access.message
    if message.type != "text":
        return frozenset()
    notified_all = message.mentions_all
    text = MentionText.parse(
        access.conversation.id,
        message.sender_id,
        edit.content,
        confirmed=edit.mention_all or notified_all,
    )
    resolver = MentionResolver(work, {access.conversation.id: access.conversation}, [text])
    resolver.check_confirmed(text)
    before = delete_mentions(work, message)
    mentions = resolver.mentions(text)
    message.mentions_all = mentions.everybody
    store_mentions(work, [(message, mentions)])
    return frozenset() if notified_all else resolver.recipients(text) - before


def _announce_change(work: Session, access: MessageAccess, event: str) -> None:
    """Give the changed message the conversation's next version, and announce it."""
    access.message.version = bump_version(access.conversation)
    access.message.updated_at = now()
    work.flush()
    announce(
        event,
        dict(_read(work, access.message)),
        to=Members(access.conversation.id, access.conversation.membership_version),
        version=access.message.version,
    )


def _read(work: Session, message: Message) -> MessageJson:
    work.flush()
    (found,) = read_messages(messages_where(Message.id == message.id))
    return found


def _read_for_caller(work: Session, access: MessageAccess) -> MessageJson:
    """Return the message as the caller may see it."""
    found = _read(work, access.message)
    return without_receipts(found) if access.hides_receipts else found


def _check_writable(work: Session, access: MessageAccess) -> None:
    """Raise ChatError for a deleted message, a block and a deleted account."""
    if access.message.deleted_at is not None:
        raise Conflict("This message was deleted.")
    closed = closed_conversations(work, [access.conversation])
    if access.conversation.id in closed:
        raise closed[access.conversation.id]


def _check_not_read_only(work: Session, access: MessageAccess) -> None:
    """Raise Conflict if the other person's account is deleted; a block is no obstacle."""
    closed = closed_conversations(work, [access.conversation]).get(access.conversation.id)
    if isinstance(closed, Conflict):
        raise closed
