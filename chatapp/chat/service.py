"""Use cases of conversations: send, mark as read, set preferences, create."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.chat.schemas import MessageBody, PreferencesPatch
from chatapp.conversation.access import access_conversation
from chatapp.conversation.append import Draft, Stored, append_messages
from chatapp.conversation.blocks import blocked_among
from chatapp.conversation.conversations import read_conversation
from chatapp.conversation.direct import BLOCKED, direct_key, is_blocked
from chatapp.conversation.members import announce_created
from chatapp.conversation.pointers import PointerMove, move_pointers
from chatapp.conversation.preferences import PreferencesJson, archive, preferences_json
from chatapp.conversation.presenters import ConversationJson
from chatapp.core.db import announce, atomic, now
from chatapp.core.errors import ChatError, Forbidden, ValidationFailed
from chatapp.core.events import People
from chatapp.group.access import conversation_of
from chatapp.group.service import create_group
from chatapp.models import Conversation, Participant, User
from chatapp.security import rate_limits


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


def _check_person(work: Session, user_id: str, other_id: str) -> None:
    active = work.scalar(
        select(User.id).where(User.id == other_id, User.is_active, User.deleted_at.is_(None))
    )
    if active is None or other_id == user_id:
        raise ValidationFailed(fields={"participant_ids": "This person doesn't exist."})
    if blocked_among((user_id, other_id)):
        raise Forbidden(BLOCKED)
