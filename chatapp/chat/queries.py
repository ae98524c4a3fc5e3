"""Reads of conversations and messages."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select, tuple_

from chatapp.chat.lists import Sidebar, sidebar
from chatapp.chat.schemas import ListQuery, MembersQuery, MessagesQuery
from chatapp.conversation.access import access_conversation, access_message, check_may_write
from chatapp.conversation.blocks import blockers_between
from chatapp.conversation.conversations import read_conversation
from chatapp.conversation.direct import direct_key
from chatapp.conversation.messages import (
    messages_for,
    messages_where,
    range_query,
    read_messages,
    read_range,
)
from chatapp.conversation.pages import (
    LogHead,
    MessagePage,
    newest_first,
    newest_page,
    page_after,
    page_around,
    page_before,
)
from chatapp.conversation.presence_visibility import visible_presence
from chatapp.conversation.presenters import (
    ConversationJson,
    MemberJson,
    MessageJson,
    member_json,
)
from chatapp.core.cursors import decode_cursor
from chatapp.core.db import db, snapshot
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, make_page
from chatapp.core.validation import MAX_SEQ, clean, parse_uuid
from chatapp.models import Conversation, Message, Participant, User


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a conversation, and the membership version at which they are one."""

    name: str
    membership_version: int


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """Everything that the page of a conversation shows, read in one snapshot."""

    conversation: ConversationJson
    page: MessagePage
    #: The messages that those on the page reply to, by id.
    quotes: dict[str, MessageJson]
    #: The messages that were asked for by their ``seq``, by ``seq``.
    messages_by_seq: dict[int, MessageJson]
    sidebar: Sidebar


def conversation(user_id: str, conversation_id: int) -> ConversationJson:
    """Return a conversation with all its members. Raises NotFound."""
    with snapshot():
        return read_conversation(user_id, conversation_id, "all")


def members(user_id: str, conversation_id: int, query: MembersQuery) -> Page[MemberJson]:
    """Return a page of a conversation's members, by name. Raises NotFound."""
    people = (
        select(Participant, User)
        .join(User, User.id == Participant.user_id)
        .where(Participant.conversation_id == conversation_id, Participant.left_at.is_(None))
    )
    if query.q:
        q, name = query.q.lower(), func.lower(User.name)
        people = people.where(
            or_(
                User.username.startswith(q, autoescape=True),
                name.startswith(q, autoescape=True),
                name.contains(f" {q}", autoescape=True),
            )
        )
    after = decode_cursor(query.cursor, clean, parse_uuid)
    if after:
        people = people.where(tuple_(User.name, User.id) > tuple(after))
    with snapshot():
        access_conversation(user_id, conversation_id)
        rows = db.session.execute(people.order_by(User.name, User.id).limit(query.limit + 1)).all()
        page = make_page(rows, query.limit, lambda row: (row[1].name, row[1].id))
        presence = visible_presence(user_id, [user.id for _, user in page.items])
    items = [member_json(member, user, presence.get(user.id)) for member, user in page.items]
    return Page(items, page.next_cursor)


def message(user_id: str, message_id: str) -> MessageJson:
    """Return a message. Raises NotFound."""
    with snapshot():
        access_message(user_id, message_id)
        found = read_messages(messages_where(Message.id == message_id))
        return messages_for(user_id, found)[0]


def messages_between(
    user_id: str, other_id: str, before_id: str | None, limit: int
) -> list[MessageJson]:
    """Return the newest messages of two people's one-to-one conversation, oldest first.

    Leaves out deleted ones, and all from ``before_id`` on. Returns none if the two have no
    conversation; raises NotFound if ``before_id`` isn't in it.
    """
    with snapshot():
        conversation_id = db.session.scalar(
            select(Conversation.id).where(Conversation.direct_key == direct_key(user_id, other_id))
        )
        if conversation_id is None:
            return []
        access_conversation(user_id, conversation_id)
        conditions = [Message.conversation_id == conversation_id, Message.deleted_at.is_(None)]
        if before_id is not None:
            access = access_message(user_id, before_id)
            if access.conversation.id != conversation_id:
                raise NotFound()
            conditions.append(Message.seq < access.message.seq)
        found = read_range(range_query(*conditions, order=newest_first), limit=limit)
        return found.messages[::-1]


def check_in_conversation(user_id: str, conversation_id: int, message_id: str) -> None:
    """Raise NotFound unless the message is in this conversation, where it stays for good."""
    if access_message(user_id, message_id).conversation.id != conversation_id:
        raise NotFound()


def member(user_id: str, conversation_id: int, *, writes: bool = False) -> Member:
    """Return the member that the others see typing or looking.

    Raises NotFound; Forbidden with ``writes`` where the member may not write.
    """
    with snapshot():
        access = access_conversation(user_id, conversation_id)
        if writes:
            check_may_write(access.conversation, access.participant)
        name = db.session.get_one(User, user_id).name
        return Member(name, access.conversation.membership_version)


def messages(user_id: str, conversation_id: int, query: MessagesQuery) -> MessagePage:
    """Return a page of a conversation's messages. Raises NotFound."""
    with snapshot():
        log = access_conversation(user_id, conversation_id).conversation
        return _read_page(user_id, LogHead(log.id, log.last_seq, log.version), query)


def open_conversation(
    user_id: str,
    conversation_id: int,
    query: MessagesQuery,
    *,
    listed: ListQuery,
    at_unread: bool = False,
    seqs: Collection[int] = (),
) -> OpenConversation:
    """Return what the page of a conversation shows, beside the conversations in ``listed``.

    With ``at_unread``, open it at the first unread message if that isn't on the newest page.
    ``seqs`` are further messages to read. Raises NotFound.
    """
    with snapshot():
        conversation = read_conversation(user_id, conversation_id, "all")
        if at_unread and conversation["unread_count"] > query.limit:
            first_unread = conversation["last_read_seq"] + 1
            query = MessagesQuery(around=first_unread, limit=query.limit)
        head = LogHead(conversation_id, conversation["last_seq"], conversation["version"])
        page = _read_page(user_id, head, query)
        return OpenConversation(
            conversation=conversation,
            page=page,
            quotes=_read_quotes(conversation_id, page.messages),
            messages_by_seq=_read_by_seq(conversation_id, seqs),
            sidebar=sidebar(user_id, listed, conversation_id),
        )


def blockers(conversation: ConversationJson) -> set[str]:
    """Return which of the two people of a one-to-one conversation block the other."""
    people = [participant["id"] for participant in conversation["participants"]]
    if conversation["kind"] == "group" or len(people) != 2:
        return set()
    return blockers_between(*people)


def _read_page(user_id: str, head: LogHead, query: MessagesQuery) -> MessagePage:
    if query.before is not None:
        return page_before(user_id, head, query.before, query.limit)
    if query.after is not None:
        return page_after(user_id, head, query.after, query.limit)
    if query.around is not None:
        return page_around(user_id, head, query.around, query.limit)
    return newest_page(user_id, head, query.limit)


def _read_quotes(conversation_id: int, shown: Sequence[MessageJson]) -> dict[str, MessageJson]:
    """Return the messages that those shown reply to, by id."""
    ids = {message["reply_to"] for message in shown if message["reply_to"] is not None}
    if not ids:
        return {}
    quoted = messages_where(Message.conversation_id == conversation_id, Message.id.in_(ids))
    return {message["id"]: message for message in read_messages(quoted)}


def _read_by_seq(conversation_id: int, seqs: Collection[int]) -> dict[int, MessageJson]:
    """Return those of these messages that exist, by ``seq``."""
    possible = [seq for seq in seqs if 0 < seq <= MAX_SEQ]
    if not possible:
        return {}
    found = messages_where(Message.conversation_id == conversation_id, Message.seq.in_(possible))
    return {message["seq"]: message for message in read_messages(found)}
