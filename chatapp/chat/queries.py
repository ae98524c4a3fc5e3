"""Reads of chatting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func, or_, select, tuple_

from chatapp.chat.lists import Sidebar, sidebar
from chatapp.chat.schemas import ListQuery, MembersQuery, MessagesQuery
from chatapp.conversation.access import access_conversation, access_message, check_may_write
from chatapp.conversation.blocks import blockers_between, direct_key, visible_presence
from chatapp.conversation.presenters import (
    ConversationJson,
    MemberJson,
    MessageJson,
    member_json,
)
from chatapp.conversation.queries import (
    messages_where,
    read_conversation,
    read_messages,
    read_stretch,
    shown_to,
    stretch_of,
)
from chatapp.core.db import db, snapshot
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, decode_cursor, make_page
from chatapp.core.validation import MAX_SEQ, clean, parse_uuid
from chatapp.models import Conversation, Message, Participant, User


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages next to each other, oldest first, and whether there are others around them."""

    messages: list[MessageJson]
    has_before: bool
    has_after: bool
    version: int


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in a conversation, as of a version of its members."""

    name: str
    membership_version: int


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """All that the page of a conversation shows, of one moment."""

    conversation: ConversationJson
    page: MessagePage
    #: The messages that those of the page reply to, by id.
    quotes: dict[str, MessageJson]
    #: The messages that were asked for by their places, by place.
    at: dict[int, MessageJson]
    sidebar: Sidebar


def conversation(user_id: str, conversation_id: int) -> ConversationJson:
    """One conversation with all its members. Raises NotFound."""
    with snapshot():
        return read_conversation(user_id, conversation_id, "all")


def members(user_id: str, conversation_id: int, query: MembersQuery) -> Page[MemberJson]:
    """Who is in a conversation, by name. Raises NotFound."""
    people = (
        select(Participant, User)
        .join(User, User.id == Participant.user_id)
        .where(Participant.conversation_id == conversation_id, Participant.left_at.is_(None))
    )
    if query.q:
        wanted, name = query.q.lower(), func.lower(User.name)
        people = people.where(
            or_(
                User.username.startswith(wanted, autoescape=True),
                name.startswith(wanted, autoescape=True),
                name.contains(f" {wanted}", autoescape=True),
            )
        )
    after = decode_cursor(query.cursor, clean, parse_uuid)
    if after:
        people = people.where(tuple_(User.name, User.id) > tuple(after))
    with snapshot():
        access_conversation(user_id, conversation_id)
        rows = db.session.execute(people.order_by(User.name, User.id).limit(query.limit + 1)).all()
        page = make_page(rows, query.limit, lambda row: (row[1].name, row[1].id))
        online = visible_presence(user_id, [user.id for _, user in page.items])
    items = [member_json(member, user, online.get(user.id)) for member, user in page.items]
    return Page(items, page.next_cursor)


def message(user_id: str, message_id: str) -> MessageJson:
    """One message. Raises NotFound."""
    with snapshot():
        access_message(user_id, message_id)
        found = read_messages(messages_where(Message.id == message_id))
        return shown_to(user_id, found)[0]


def written_between(
    user_id: str, other_id: str, before_id: str | None, limit: int
) -> list[MessageJson]:
    """The newest messages of these two's one-to-one conversation, oldest first; none of none.

    Without the deleted ones; only those before ``before_id``, where it is given.
    Raises NotFound where that isn't one of theirs.
    """
    with snapshot():
        conversation_id = db.session.scalar(
            select(Conversation.id).where(Conversation.direct_key == direct_key(user_id, other_id))
        )
        if conversation_id is None:
            return []
        access_conversation(user_id, conversation_id)
        written = [Message.conversation_id == conversation_id, Message.deleted_at.is_(None)]
        if before_id is not None:
            access = access_message(user_id, before_id)
            if access.conversation.id != conversation_id:
                raise NotFound()
            written.append(Message.seq < access.message.seq)
        found = read_stretch(stretch_of(*written, order=_newest_first), most=limit)
        return found.messages[::-1]


def check_place(user_id: str, conversation_id: int, message_id: str) -> None:
    """The message is one of this conversation, for good. Raises NotFound."""
    if access_message(user_id, message_id).conversation.id != conversation_id:
        raise NotFound()


def member(user_id: str, conversation_id: int, *, writes: bool = False) -> Member:
    """Whom the others in a conversation see typing or looking.

    Raises NotFound; Forbidden for one who ``writes`` where they may not.
    """
    with snapshot():
        access = access_conversation(user_id, conversation_id)
        if writes:
            check_may_write(access.conversation, access.participant)
        name = db.session.get_one(User, user_id).name
        return Member(name, access.conversation.membership_version)


def messages(user_id: str, conversation_id: int, query: MessagesQuery) -> MessagePage:
    """A page of a conversation's messages. Raises NotFound."""
    with snapshot():
        log = access_conversation(user_id, conversation_id).conversation
        return _page(user_id, log.id, log.last_seq, log.version, query)


def open_conversation(
    user_id: str,
    conversation_id: int,
    query: MessagesQuery,
    *,
    listed: ListQuery,
    at_unread: bool = False,
    places: Collection[int] = (),
) -> OpenConversation:
    """A conversation as its page shows it, with the messages at ``places``, beside what is listed.

    With ``at_unread`` it is opened at the first unread message, where that isn't on the newest
    page. Raises NotFound.
    """
    with snapshot():
        conversation = read_conversation(user_id, conversation_id, "all")
        if at_unread and conversation["unread_count"] > query.limit:
            first_unread = conversation["last_read_seq"] + 1
            query = MessagesQuery(around=first_unread, limit=query.limit)
        page = _page(
            user_id, conversation_id, conversation["last_seq"], conversation["version"], query
        )
        return OpenConversation(
            conversation=conversation,
            page=page,
            quotes=_quotes(conversation_id, page.messages),
            at=_at(conversation_id, places),
            sidebar=sidebar(user_id, listed, conversation_id),
        )


def blockers(conversation: ConversationJson) -> set[str]:
    """In a one-to-one conversation those of the two who block the other."""
    people = [one["id"] for one in conversation["participants"]]
    if conversation["kind"] == "group" or len(people) != 2:
        return set()
    return blockers_between(*people)


def _page(
    user_id: str, conversation_id: int, last_seq: int, version: int, query: MessagesQuery
) -> MessagePage:
    found = _found(conversation_id, last_seq, version, query)
    return replace(found, messages=shown_to(user_id, found.messages))


def _found(conversation_id: int, last_seq: int, version: int, query: MessagesQuery) -> MessagePage:
    if query.after is not None:
        found, more = _after(conversation_id, query.after, query.limit)
        return MessagePage(found, query.after > 0, more, version)
    if query.around is not None:
        older, has_before = _before(conversation_id, query.around, query.limit // 2)
        newer, has_after = _after(
            conversation_id, max(query.around - 1, 0), max(query.limit - len(older), 1)
        )
        return MessagePage(older + newer, has_before, has_after, version)
    bound = query.before if query.before is not None else last_seq + 1
    found, more = _before(conversation_id, bound, query.limit)
    return MessagePage(found, more, bound <= last_seq, version)


def _quotes(conversation_id: int, shown: Sequence[MessageJson]) -> dict[str, MessageJson]:
    """The messages that those shown reply to, by id."""
    ids = {message["reply_to"] for message in shown if message["reply_to"] is not None}
    if not ids:
        return {}
    quoted = messages_where(Message.conversation_id == conversation_id, Message.id.in_(ids))
    return {message["id"]: message for message in read_messages(quoted)}


def _at(conversation_id: int, places: Collection[int]) -> dict[int, MessageJson]:
    """The messages at these places, where there are such."""
    seqs = [seq for seq in places if 0 < seq <= MAX_SEQ]
    if not seqs:
        return {}
    there = messages_where(Message.conversation_id == conversation_id, Message.seq.in_(seqs))
    return {message["seq"]: message for message in read_messages(there)}


def _before(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    if limit == 0:
        return [], seq > 1
    found = read_stretch(_BEFORE, most=limit, conversation_id=conversation_id, seq=seq)
    return found.messages[::-1], found.followed_in is not None


def _after(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    found = read_stretch(_AFTER, most=limit, conversation_id=conversation_id, seq=seq)
    return found.messages, found.followed_in is not None


def _newest_first(message: Any) -> tuple[Any, ...]:
    return (message.seq.desc(),)


# Built once: composing these took each request longer than running them.
_OF_CONVERSATION = Message.conversation_id == bindparam("conversation_id")
_BEFORE = stretch_of(_OF_CONVERSATION, Message.seq < bindparam("seq"), order=_newest_first)
_AFTER = stretch_of(
    _OF_CONVERSATION, Message.seq > bindparam("seq"), order=lambda message: (message.seq,)
)
