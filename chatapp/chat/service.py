"""Use cases of chatting."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.chat.schemas import MessageBody
from chatapp.conversation.access import access_conversation
from chatapp.conversation.append import Draft, Stored, append_messages
from chatapp.conversation.pointers import Move, move_pointers
from chatapp.conversation.presenters import ConversationJson, conversation_event
from chatapp.conversation.reading import read_conversation
from chatapp.db import announce, atomic
from chatapp.errors import ChatError, ValidationFailed
from chatapp.models import Conversation, Participant, User


def send_message(sender_id: str, conversation_id: int, new: MessageBody) -> Stored:
    """The message is stored at the next place of the conversation, or was stored before.

    Raises NotFound where the sender isn't a member.
    """
    draft = Draft(conversation_id, sender_id, new.content, new.type, new.client_id)
    (outcome,) = append_messages([draft])
    if isinstance(outcome, ChatError):
        raise outcome
    return outcome


def mark_read(user_id: str, conversation_id: int, seq: int) -> None:
    """This person has read up to ``seq``, or to the last message where that is less.

    Raises NotFound where they aren't a member.
    """
    with atomic() as work:
        access = access_conversation(user_id, conversation_id, lock=True)
        move_pointers(work, [Move(access.participant, min(seq, access.conversation.last_seq))])


def create_conversation(
    user_id: str, participant_ids: Sequence[str]
) -> tuple[ConversationJson, bool]:
    """The conversation with these people, and whether it is new.

    Raises ValidationFailed where nobody but oneself is named.
    """
    others = [other for other in dict.fromkeys(participant_ids) if other != user_id]
    if not others:
        raise ValidationFailed(fields={"participant_ids": "Name somebody besides yourself."})
    if len(others) > 1:
        raise ValidationFailed(fields={"participant_ids": "Name one person."})
    return open_direct(user_id, others[0])


def open_direct(user_id: str, other_id: str) -> tuple[ConversationJson, bool]:
    """The one-to-one conversation of these two, and whether it is new: one per pair for good.

    Raises ValidationFailed where the other isn't an active person.
    """
    key = ":".join(sorted((user_id, other_id)))
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
        present = read_conversation(user_id, conversation.id, "all")
        announce(
            "conversation:created",
            conversation_event(present),
            conversation_id=conversation.id,
            user_ids=frozenset((user_id, other_id)),
            version=conversation.version,
        )
        return present, True


def _check_person(work: Session, user_id: str, other_id: str) -> None:
    active = work.scalar(
        select(User.id).where(User.id == other_id, User.is_active, User.deleted_at.is_(None))
    )
    if active is None or other_id == user_id:
        raise ValidationFailed(fields={"participant_ids": "There is nobody here by this id."})
