"""Use cases of chatting."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.chat.schemas import NO_ADDRESS, Edit, MessageBody, PreferencesPatch, fits_type
from chatapp.conversation.access import MessageAccess, access_conversation, access_message
from chatapp.conversation.append import Draft, Stored, append_messages, closed_conversations
from chatapp.conversation.blocks import blocked_among, direct_key, is_blocked
from chatapp.conversation.members import announce_created, change
from chatapp.conversation.mentions import (
    Roster,
    Written,
    announce_mentions,
    forget_mentions,
    store_mentions,
)
from chatapp.conversation.pointers import Move, move_pointers
from chatapp.conversation.preferences import PreferencesJson, archive, preferences_json
from chatapp.conversation.presenters import ConversationJson, MessageJson, without_receipts
from chatapp.conversation.queries import messages_where, read_conversation, read_messages
from chatapp.core.db import announce, atomic, now
from chatapp.core.errors import ChatError, Conflict, Forbidden, ValidationFailed
from chatapp.core.events import Members, People
from chatapp.group.access import conversation_of
from chatapp.group.service import create_group
from chatapp.models import Conversation, Message, Participant, Reaction, User

#: Different emoji on one message.
MOST_EMOJI = 20


def send_message(sender_id: str, conversation_id: int, new: MessageBody) -> Stored:
    """The message is stored at the next place of the conversation, or was stored before.

    Raises NotFound where the sender isn't a member, Forbidden across a block, Conflict where the
    other one's account is deleted, ValidationFailed for a reply to a message from elsewhere, and
    where @all tells so many that it has to be confirmed.
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
    (outcome,) = append_messages([draft])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def send_to_person(sender_id: str, receiver_id: str, new: MessageBody) -> Stored:
    """The message is in the one-to-one conversation of these two, which is opened if need be.

    Raises as `open_direct` and `send_message`; then neither is there.
    """
    with atomic():
        conversation, _ = open_direct(sender_id, receiver_id)
        return send_message(sender_id, conversation["id"], new)


def send_to_group(sender_id: str, group_id: str, new: MessageBody) -> Stored:
    """The message is in this group's conversation. Raises as `send_message`."""
    return send_message(sender_id, conversation_of(sender_id, group_id), new)


def edit_message(user_id: str, message_id: str, edit: Edit) -> MessageJson:
    """The message has this content from now on; the same content changes nothing.

    Whom it newly mentions is told. Raises NotFound, Forbidden for anyone but its author, Conflict
    for a deleted message, ValidationFailed for anything but an address where the message is a
    file's, and where @all comes in and tells so many that it has to be confirmed.
    """
    content = edit.content
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        message = access.message
        if message.sender_id != user_id or message.type == "system":
            raise Forbidden("Only its author can edit a message.")
        _check_writable(work, access)
        if not fits_type(message.type, content):
            raise ValidationFailed(fields={"content": NO_ADDRESS})
        if message.content != content:
            told = _mention_anew(work, access, edit)
            message.content = content
            message.edited_at = now()
            _changed(work, access, "message:edited")
            announce_mentions(message, access.conversation, told)
        return _present_to(work, access)


def delete_message(user_id: str, message_id: str) -> MessageJson:
    """The message's place stays, its content goes for good; a second time changes nothing.

    Raises NotFound, Forbidden for anyone but its author and a group's owners and admins, Conflict
    where the other one's account is deleted. Across a block one's own words can go.
    """
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        message = access.message
        keeper = access.participant.member_role in ("owner", "admin")
        if message.type == "system" or (message.sender_id != user_id and not keeper):
            raise Forbidden("Only its author, or an owner or admin of the group, can delete it.")
        if message.deleted_at is None:
            _check_not_read_only(work, access)
            forget_mentions(work, message)
            message.deleted_at = now()
            message.content = None
            work.execute(delete(Reaction).where(Reaction.message_id == message_id))
            _changed(work, access, "message:deleted")
        return _present_to(work, access)


def add_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """This person's emoji is on the message; once more changes nothing.

    Raises NotFound, Conflict for a deleted message or one that has `MOST_EMOJI` others.
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
            if (others or 0) >= MOST_EMOJI:
                raise Conflict(f"A message takes at most {MOST_EMOJI} different emoji.")
            work.add(Reaction(message_id=message_id, user_id=user_id, emoji=emoji))
            _changed(work, access, "message:reacted")
        return _present_to(work, access)


def remove_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """This person's emoji is not on the message; where it wasn't, nothing changes.

    Raises NotFound, Conflict where the other one's account is deleted.
    """
    with atomic() as work:
        access = access_message(user_id, message_id, lock=True)
        reaction = work.get(Reaction, (message_id, user_id, emoji))
        if reaction is not None:
            _check_not_read_only(work, access)
            work.delete(reaction)
            _changed(work, access, "message:reacted")
        return _present_to(work, access)


def toggle_reaction(user_id: str, message_id: str, emoji: str) -> MessageJson:
    """This person's emoji is on the message if it wasn't, and off it if it was.

    Raises as `add_reaction`.
    """
    with atomic() as work:
        access_message(user_id, message_id, lock=True)
        there = work.get(Reaction, (message_id, user_id, emoji)) is not None
        act = remove_reaction if there else add_reaction
        return act(user_id, message_id, emoji)


def mark_read(user_id: str, conversation_id: int, seq: int) -> None:
    """This person has read up to ``seq``, or to the last message where that is less.

    Across a block, and while they hide what they read, nobody else comes to know; afterwards with
    the first reading.
    Raises NotFound where they aren't a member.
    """
    with atomic() as work:
        access = access_conversation(user_id, conversation_id, lock=True)
        seq = min(seq, access.conversation.last_seq)
        if seq > access.participant.receipt_seq:
            private = access.hides_receipts or is_blocked(access.conversation)
            move_pointers(work, [Move(access.conversation, access.participant, seq, private)])


def set_preferences(user_id: str, conversation_id: int, patch: PreferencesPatch) -> PreferencesJson:
    """This person's own preferences are as given; what wasn't given stays.

    Their own connections hear of it, nobody else's do. Raises NotFound for who isn't a member.
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
    """The conversation with these people, and whether it is new.

    One other person and no name is the one-to-one conversation, of which there is one per pair;
    else it is a group. Raises ValidationFailed where nobody but oneself or an unknown person is
    named, Forbidden across a block; nothing is made then.
    """
    others = [other for other in dict.fromkeys(participant_ids) if other != user_id]
    if not others:
        raise ValidationFailed(fields={"participant_ids": "Name somebody besides yourself."})
    if len(others) == 1 and name is None:
        return open_direct(user_id, others[0])
    with atomic():
        group = create_group(user_id, name=name, member_ids=others, field="participant_ids")
        return read_conversation(user_id, group.conversation_id, "all"), True


def open_direct(user_id: str, other_id: str) -> tuple[ConversationJson, bool]:
    """The one-to-one conversation of these two, and whether it is new: one per pair for good.

    Raises ValidationFailed where the other isn't an active person, Forbidden across a block
    unless it stands already.
    """
    key = direct_key(user_id, other_id)
    with atomic() as work:
        standing = select(Conversation.id).where(Conversation.direct_key == key)
        id_ = work.scalar(standing)
        if id_ is not None:
            return read_conversation(user_id, id_, "all"), False
        _check_person(work, user_id, other_id)
        try:
            with work.begin_nested():
                conversation = Conversation(
                    kind="direct", direct_key=key, version=1, membership_version=1
                )
                work.add(conversation)
        except IntegrityError:  # the other one opened it while this waited
            return read_conversation(user_id, work.scalars(standing).one(), "all"), False
        work.add_all(
            Participant(conversation_id=conversation.id, user_id=member)
            for member in (user_id, other_id)
        )
        work.flush()
        announce_created(conversation)
        return read_conversation(user_id, conversation.id, "all"), True


def _mention_anew(work: Session, access: MessageAccess, edit: Edit) -> frozenset[str]:
    """The message mentions whom its new content does; who hears of it for the first time."""
    message = access.message
    if message.type != "text":
        return frozenset()
    everybody = message.mentions_all
    written = Written(
        access.conversation, message.sender_id, edit.content, edit.mention_all or everybody
    )
    roster = Roster(work, [written])
    unmeant = roster.unconfirmed(written)
    if unmeant is not None:
        raise unmeant
    before = forget_mentions(work, message)
    mentions = roster.mentions(written)
    message.mentions_all = mentions.everybody
    store_mentions(work, [(message, mentions)])
    return frozenset() if everybody else roster.told(written) - before


def _changed(work: Session, access: MessageAccess, event: str) -> None:
    """The message bears the conversation's next version, and everybody hears of it."""
    access.message.version = change(access.conversation)
    access.message.updated_at = now()
    work.flush()
    announce(
        event,
        dict(_present(work, access.message)),
        to=Members(access.conversation.id, access.conversation.membership_version),
        version=access.message.version,
    )


def _present(work: Session, message: Message) -> MessageJson:
    work.flush()
    (present,) = read_messages(messages_where(Message.id == message.id))
    return present


def _present_to(work: Session, access: MessageAccess) -> MessageJson:
    """The message, for whoever asked."""
    present = _present(work, access.message)
    return without_receipts(present) if access.hides_receipts else present


def _check_writable(work: Session, access: MessageAccess) -> None:
    if access.message.deleted_at is not None:
        raise Conflict("This message is deleted.")
    closed = closed_conversations(work, [access.conversation])
    if access.conversation.id in closed:
        raise closed[access.conversation.id]


def _check_not_read_only(work: Session, access: MessageAccess) -> None:
    closed = closed_conversations(work, [access.conversation]).get(access.conversation.id)
    if isinstance(closed, Conflict):
        raise closed


def _check_person(work: Session, user_id: str, other_id: str) -> None:
    active = work.scalar(
        select(User.id).where(User.id == other_id, User.is_active, User.deleted_at.is_(None))
    )
    if active is None or other_id == user_id:
        raise ValidationFailed(fields={"participant_ids": "There is nobody here by this id."})
    if blocked_among((user_id, other_id)):
        raise Forbidden("You can't write to each other while one blocks the other.")
