"""Conversations and messages as JSON, read set-wise: as many statements for fifty as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
)

from chatapp.conversation.blocks import pair_of, visible_presence
from chatapp.conversation.mentions import mentions_in, unread_mentions
from chatapp.conversation.presenters import (
    ConversationJson,
    MessageJson,
    Placed,
    conversation_event,
    conversation_json,
    message_json,
    without_receipts,
)
from chatapp.core.db import MAX_ID, db
from chatapp.core.errors import NotFound
from chatapp.models import Conversation, Group, Message, Participant, Reaction, User

#: Characters of text after which one answer is full: a limit on messages alone would let it grow to
#: tens of megabytes.
MOST_TEXT = 500_000
#: How many participants stand in a conversation where not all of them do.
FEW = 8
#: Up to how many members `small` brings all of them.
SMALL = 100

#: all of them; all where there are at most `SMALL`, else a few; a few
Who = Literal["all", "small", "few"]

_NOBODY = str(UUID(int=0))

Row = tuple[Conversation, Participant, Group | None]


def own_conversations(
    user_id: str | BindParameter[str],
) -> Select[Conversation, Participant, Group]:
    """The conversations that this person is a member of, each with their place in it and group."""
    return (
        select(Conversation, Participant, Group)
        .join(Participant, Participant.conversation_id == Conversation.id)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(
            Participant.user_id == user_id,
            Participant.left_at.is_(None),
            Conversation.deleted_at.is_(None),
        )
    )


def read_conversation(user_id: str, conversation_id: int, who: Who) -> ConversationJson:
    """One conversation of this person. Raises NotFound."""
    if not 1 <= conversation_id <= MAX_ID:
        raise NotFound()
    found = read_conversations(_OWN, who, user_id=user_id, conversation_id=conversation_id)
    if not found:
        raise NotFound()
    return found[0]


def read_conversations(
    query: Select[Conversation, Participant, Group], who: Who, **values: Any
) -> list[ConversationJson]:
    """The conversations of an `own_conversations` query with these values, in its order."""
    return present_conversations(
        [(row[0], row[1], row[2]) for row in db.session.execute(query, values)], who
    )


def present_conversations(rows: Sequence[Row], who: Who) -> list[ConversationJson]:
    """What `own_conversations` found, whole, in the same order: seven statements more at most."""
    if not rows:
        return []
    viewer_id = rows[0][1].user_id
    ids = [conversation.id for conversation, _, _ in rows]
    people = _participants(ids, viewer_id, who)
    shown = {one.user.id for members in people.values() for one in members}
    visible = visible_presence(viewer_id, shown)
    last = {
        message["conversation_id"]: message for message in shown_to(viewer_id, _last_messages(ids))
    }
    named = unread_mentions(
        [viewer for one, viewer, _ in rows if viewer.last_read_seq < one.last_seq]
    )
    return [
        conversation_json(
            conversation,
            viewer,
            group,
            people[conversation.id],
            online=visible,
            last_message=last.get(conversation.id),
            unread_mentions=named.get(conversation.id, 0),
        )
        for conversation, viewer, group in rows
    ]


def read_event(conversation_id: int) -> dict[str, Any]:
    """A conversation as an event shows it: alike for everybody."""
    conversation, group = db.session.execute(
        select(Conversation, Group)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(Conversation.id == conversation_id)
    ).one()
    people = _participants([conversation_id], _NOBODY, "few")[conversation_id]
    return conversation_event(
        conversation_json(
            conversation,
            None,
            group,
            people,
            online={},
            last_message=next(iter(_last_messages([conversation_id])), None),
        )
    )


@dataclass(frozen=True, slots=True)
class Addressed:
    """To whom the messages of a conversation go: a group, or one of two people to the other."""

    group_id: str | None
    pair: frozenset[str]

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """Read it from the conversation: no query where the row was locked before."""
        return cls(conversation.group_id, pair_of(conversation))

    def receiver(self, sender_id: str) -> str:
        """Whom this sender writes to: the group's id, or the other person's."""
        return self.group_id or next(iter(self.pair - {sender_id}), sender_id)


def addressed_to(conversation_ids: Collection[int]) -> dict[int, Addressed]:
    """Of each of these conversations to whom it is addressed; it never changes."""
    rows = db.session.execute(
        select(Conversation, Group.id)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(Conversation.id.in_(conversation_ids))
    )
    return {row[0].id: Addressed(row[1], pair_of(row[0])) for row in rows}


def last_written(conversation_ids: Collection[int]) -> dict[int, MessageJson]:
    """Of each of these conversations the newest message that isn't deleted."""
    newest = (
        select(func.max(Message.seq).label("seq"), Message.conversation_id)
        .where(Message.conversation_id.in_(conversation_ids), Message.deleted_at.is_(None))
        .group_by(Message.conversation_id)
        .subquery()
    )
    found = messages_where().join(
        newest,
        (newest.c.conversation_id == Message.conversation_id) & (newest.c.seq == Message.seq),
    )
    return {message["conversation_id"]: message for message in read_messages(found)}


def messages_where(*conditions: Any) -> Select[Message, User]:
    """Messages with their senders."""
    return select(Message, User).join(User, User.id == Message.sender_id).where(*conditions)


def read_messages(query: Select[Message, User], **values: Any) -> list[MessageJson]:
    """The messages of a `messages_where` query with these values, in its order.

    Two statements, one more where one has an @.
    """
    return _present([(row[0], row[1]) for row in db.session.execute(query, values)])


def _present(rows: Sequence[tuple[Message, User]]) -> list[MessageJson]:
    """Messages with the reactions to them and whom they mention."""
    messages = [message for message, _ in rows]
    reactions = reactions_to([message.id for message in messages])
    mentions = mentions_in(messages)
    return [
        message_json(message, sender, reactions[message.id], mentions.get(message.id, ()))
        for message, sender in rows
    ]


def shown_to(viewer_id: str, messages: Sequence[MessageJson]) -> list[MessageJson]:
    """These messages as this person may know them; at most one statement.

    Who hides what they read doesn't learn what others have read.
    """
    was_read = any(message["read_at"] for message in messages)
    if was_read and db.session.scalar(_HIDES_RECEIPTS, {"viewer_id": viewer_id}):
        return [without_receipts(message) for message in messages]
    return list(messages)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages in the order asked for, and in which conversation the next one would have been."""

    messages: list[MessageJson]
    followed_in: int | None


def stretch_of(
    *conditions: Any, order: Callable[[Any], tuple[Any, ...]]
) -> Select[Message, User, int]:
    """What `read_stretch` reads: messages in this order."""
    most = bindparam("most", type_=Integer)
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
        .limit(most + 1)
        .subquery()
    )
    in_order = order(sizes.c)
    places = select(
        sizes.c.id,
        func.row_number().over(order_by=in_order).label("place"),
        (func.sum(sizes.c.size).over(order_by=in_order) - sizes.c.size).label("text_before"),
        func.lead(sizes.c.conversation_id).over(order_by=in_order).label("followed_in"),
    ).subquery()
    return (
        messages_where(places.c.place <= most, places.c.text_before < bindparam("text"))
        .join(places, places.c.id == Message.id)
        .add_columns(places.c.followed_in)
        .order_by(places.c.place)
    )


def read_stretch(
    query: Select[Message, User, int], *, most: int, text: int = MOST_TEXT, **values: Any
) -> Stretch:
    """The first messages of a `stretch_of` query with these values: it reads what it brings.

    At most ``most``, and none after the one with which they hold ``text`` characters or more.
    """
    rows = db.session.execute(query, {**values, "most": most, "text": text}).all()
    return Stretch(
        _present([(message, sender) for message, sender, _ in rows]),
        rows[-1].followed_in if rows else None,
    )


def reactions_to(message_ids: Sequence[str]) -> Mapping[str, list[Reaction]]:
    """The reactions to these messages, each one's in the order in which they came."""
    found: dict[str, list[Reaction]] = defaultdict(list)
    if message_ids:
        for reaction in db.session.scalars(_REACTIONS, {"message_ids": list(message_ids)}):
            found[reaction.message_id].append(reaction)
    return found


def _participants(ids: Sequence[int], viewer_id: str, who: Who) -> dict[int, list[Placed]]:
    """Members as the viewer sees them, each conversation's viewer first."""
    found: dict[int, list[Placed]] = defaultdict(list)
    rows = db.session.execute(_MEMBERS[who], {"ids": list(ids), "viewer_id": viewer_id})
    for member, user, pointer, members, least in rows:
        found[member.conversation_id].append(Placed(member, user, pointer, members, least))
    return found


def _last_messages(ids: Sequence[int]) -> list[MessageJson]:
    return read_messages(_LAST_MESSAGES, ids=list(ids))


def _members() -> dict[Who, Select[Participant, User, int, int, int]]:
    conversation = Participant.conversation_id
    # How far a member has read, as far as the viewer may know.
    pointer: ColumnElement[int] = case(
        (Participant.user_id == _VIEWER, Participant.last_read_seq),
        (_HIDES_RECEIPTS.scalar_subquery(), 0),
        else_=Participant.receipt_seq,
    )
    ranked = (
        select(
            Participant.conversation_id,
            Participant.user_id,
            func.count().over(partition_by=conversation).label("members"),
            pointer.label("pointer"),
            func.min(pointer).over(partition_by=conversation).label("least"),
            func.row_number()
            .over(
                partition_by=conversation,
                order_by=(
                    (Participant.user_id != _VIEWER),
                    Participant.joined_at,
                    Participant.user_id,
                ),
            )
            .label("place"),
        )
        .where(Participant.conversation_id.in_(_IDS), Participant.left_at.is_(None))
        .subquery()
    )
    everybody = (
        select(Participant, User, ranked.c.pointer, ranked.c.members, ranked.c.least)
        .join(User, User.id == Participant.user_id)
        .join(
            ranked,
            (ranked.c.conversation_id == Participant.conversation_id)
            & (ranked.c.user_id == Participant.user_id),
        )
        .order_by(ranked.c.conversation_id, ranked.c.place)
    )
    return {
        "all": everybody,
        "small": everybody.where(or_(ranked.c.members <= SMALL, ranked.c.place <= FEW)),
        "few": everybody.where(ranked.c.place <= FEW),
    }


# Built once: composing these took each request longer than running them.
_VIEWER: BindParameter[str] = bindparam("viewer_id")
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_OWN = own_conversations(bindparam("user_id")).where(
    Conversation.id == bindparam("conversation_id")
)
_HIDES_RECEIPTS = select(User.hide_read_receipts).where(User.id == _VIEWER)
_MEMBERS = _members()
_LAST_MESSAGES = messages_where(Conversation.id.in_(_IDS)).join(
    Conversation,
    (Conversation.id == Message.conversation_id) & (Conversation.last_seq == Message.seq),
)
_REACTIONS = (
    select(Reaction)
    .where(Reaction.message_id.in_(bindparam("message_ids", expanding=True)))
    .order_by(Reaction.created_at, Reaction.user_id, Reaction.emoji)
)
