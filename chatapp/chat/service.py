"""Use cases of conversations and messages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.chat.schemas import NOT_AN_ADDRESS, Edit, MessageBody, PreferencesPatch, fits_type
from chatapp.conversation.access import MessageAccess, access_conversation, access_message
from chatapp.conversation.append import Draft, Stored, append_messages
from chatapp.conversation.blocks import (
    BLOCKED,
    blocked_among,
    closed_conversations,
    direct_key,
    is_blocked,
)
from chatapp.conversation.conversations import read_conversation
from chatapp.conversation.members import announce_created, bump_version
from chatapp.conversation.mentions import (
    MentionResolver,
    MentionText,
    announce_mentions,
    delete_mentions,
    store_mentions,
)
from chatapp.conversation.messages import messages_where, read_messages
from chatapp.conversation.pointers import PointerMove, move_pointers
from chatapp.conversation.preferences import PreferencesJson, archive, preferences_json
from chatapp.conversation.presenters import ConversationJson, MessageJson, without_receipts
from chatapp.core.db import announce, atomic, now
from chatapp.core.errors import ChatError, Conflict, Forbidden, ValidationFailed
from chatapp.core.events import Members, People
from chatapp.group.access import conversation_of
from chatapp.group.service import create_group
from chatapp.models import Conversation, Message, Participant, Reaction, User
from chatapp.security import rate_limits

#: The most different emoji on one message.
MAX_EMOJI = 20


def send_message(sender_id: str, conversation_id: int, new: MessageBody) -> Stored:
    """Store a message at the next place of the conversation, unless it was stored before.

    Raises NotFound if the sender isn't a member, Forbidden across a block and for plain members of
    an announcement group, Conflict if the other person's account is deleted, RateLimited, and
    ValidationFailed for a reply to a message of another conversation and for an @all that must be
    confirmed.
    """
    draft = Draft(
        conversation_id,
        sender_id,
        new.content,
        new.type,
        new.client_id,
        new.reply_to,
        new.mention_all,
    )
    (outcome,) = append_messages([draft], rate_limits.check_message)
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def send_to_person(sender_id: str, receiver_id: str, new: MessageBody) -> Stored:
    """Send a message to a person, and create the one-to-one conversation if there is none.

    Raises what `open_direct` and `send_message` raise; then nothing is created.
    """
    with atomic():
        conversation, _ = open_direct(sender_id, receiver_id)
        return send_message(sender_id, conversation["id"], new)


def send_to_group(sender_id: str, group_id: str, new: MessageBody) -> Stored:
    """Send a message to a group. Raises what `send_message` raises."""
    return send_message(sender_id, conversation_of(sender_id, group_id), new)


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


def mark_read(user_id: str, conversation_id: int, seq: int) -> None:
    """Mark everything up to ``seq``, or the last message, as read by this person.

    Across a block, and while they hide their read receipts, nobody else sees it until they next
    read something after that has ended. Raises NotFound.
    """
    with atomic() as work:
        access = access_conversation(user_id, conversation_id, lock=True)
        seq = min(seq, access.conversation.last_seq)
        if seq > access.participant.receipt_seq:
            private = access.hides_receipts or is_blocked(access.conversation)
            move_pointers(
                work, [PointerMove(access.conversation, access.participant, seq, private)]
            )


def set_preferences(user_id: str, conversation_id: int, patch: PreferencesPatch) -> PreferencesJson:
    """Change the given preferences of a person, and tell only their own connections.

    Raises NotFound.
    """
    with atomic() as work:
        access = access_conversation(user_id, conversation_id, lock=True)
        conversation, member = access.conversation, access.participant
        before = preferences_json(conversation, member)
        given = patch.model_fields_set
        if "notify" in given:
            member.notify = patch.notify
        if "muted_until" in given:
            member.muted_until = patch.muted_until
        if "pinned" in given and patch.pinned != (member.pinned_at is not None):
            member.pinned_at = now() if patch.pinned else None
        if "archived" in given and not patch.archived:
            member.archived_at = None
        elif "archived" in given and before["archived_at"] is None:
            archive(conversation, member)
        work.flush()
        after = preferences_json(conversation, member)
        if after != before:
            announce("preferences:updated", dict(after), to=People(frozenset((user_id,))))
        return after


def create_conversation(
    user_id: str, participant_ids: Sequence[str], name: str | None = None
) -> tuple[ConversationJson, bool]:
    """Return the conversation with these people, and whether it is new.

    One other person and no name make the one-to-one conversation, of which each pair has one;
    anything else makes a group. Raises ValidationFailed for an unknown person and if there is
    nobody else, Forbidden across a block; then nothing is created.
    """
    others = [other for other in dict.fromkeys(participant_ids) if other != user_id]
    if not others:
        raise ValidationFailed(fields={"participant_ids": "Choose somebody besides yourself."})
    if len(others) == 1 and name is None:
        return open_direct(user_id, others[0])
    with atomic():
        group = create_group(user_id, name=name, member_ids=others, field="participant_ids")
        return read_conversation(user_id, group.conversation_id, "all"), True


def open_direct(user_id: str, other_id: str) -> tuple[ConversationJson, bool]:
    """Return the one-to-one conversation of these two people, and whether it is new.

    Each pair has at most one. Where it is new, raises ValidationFailed if the other person isn't
    active, and Forbidden across a block.
    """
    key = direct_key(user_id, other_id)
    with atomic() as work:
        existing = select(Conversation.id).where(Conversation.direct_key == key)
        id_ = work.scalar(existing)
        if id_ is not None:
            return read_conversation(user_id, id_, "all"), False
        _check_person(work, user_id, other_id)
        try:
            with work.begin_nested():
                conversation = Conversation(
                    kind="direct", direct_key=key, version=1, membership_version=1
                )
                work.add(conversation)
        except IntegrityError:  # the other person created it while this waited
            return read_conversation(user_id, work.scalars(existing).one(), "all"), False
        work.add_all(
            Participant(conversation_id=conversation.id, user_id=member)
            for member in (user_id, other_id)
        )
        work.flush()
        announce_created(conversation)
        return read_conversation(user_id, conversation.id, "all"), True


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


def _check_person(work: Session, user_id: str, other_id: str) -> None:
    active = work.scalar(
        select(User.id).where(User.id == other_id, User.is_active, User.deleted_at.is_(None))
    )
    if active is None or other_id == user_id:
        raise ValidationFailed(fields={"participant_ids": "This person doesn't exist."})
    if blocked_among((user_id, other_id)):
        raise Forbidden(BLOCKED)
