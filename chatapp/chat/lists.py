"""A person's list of conversations: filters, search and pages; and the sidebar around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
)

from chatapp.chat.schemas import Filter, ListQuery
from chatapp.conversation.audience import visible_people
from chatapp.conversation.conversations import (
    own_conversations,
    present_conversations,
    read_conversations,
)
from chatapp.conversation.direct import direct_key
from chatapp.conversation.person_presenters import PersonJson, person_json
from chatapp.conversation.preferences import is_archived, is_silent
from chatapp.conversation.presence_visibility import visible_presence
from chatapp.conversation.presenters import ConversationJson
from chatapp.core.clock import iso, parse
from chatapp.core.cursors import decode_cursor, encode_cursor
from chatapp.core.db import db, snapshot
from chatapp.core.paging import Page
from chatapp.models import Contact, Conversation, Group, Participant, User
from chatapp.user.presenters import RelationshipJson
from chatapp.user.relationship_queries import list_contacts
from chatapp.user.schemas import DirectoryQuery

#: The most people who are shown as online beside the list.
MAX_ONLINE = 7
#: The most conversations, and the most contacts, on the page with no conversation open.
DASHBOARD_ITEMS = 6

_PINNED: ColumnElement[int] = case((Participant.pinned_at.is_not(None), 1), else_=0)


@dataclass(frozen=True, slots=True)
class OnlinePerson:
    """A person who is online, and the id of your one-to-one conversation if there is one."""

    person: PersonJson
    conversation_id: int | None


@dataclass(frozen=True, slots=True)
class Sidebar:
    """The list beside the open conversation, read in one snapshot."""

    query: ListQuery
    page: Page[ConversationJson]
    #: The number of unread messages in all listed conversations that aren't silent.
    unread: int
    online: list[OnlinePerson]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the page shows while no conversation is open."""

    unread: list[ConversationJson]
    contacts: list[RelationshipJson]


def conversations(
    user_id: str, query: ListQuery, current_id: int | None = None
) -> Page[ConversationJson]:
    """Return a page of a person's conversations: the pinned ones first, each part latest first.

    The open one, ``current_id``, stays among the unread ones while it is being read.
    """
    listed = _LISTED[query.filter]
    if query.q:
        listed = listed.where(_is_named(user_id, query.q.lower()))
    return _page(listed, query, user_id=user_id, current_id=current_id or 0)


def with_own_notifications(user_id: str, query: ListQuery) -> Page[ConversationJson]:
    """Return a page of a person's conversations with their own notification settings."""
    own = _in_order(or_(Participant.notify.is_not(None), is_silent()))
    return _page(own, query, user_id=user_id)


def all_conversations(user_id: str) -> list[ConversationJson]:
    """Return all conversations of a person at once, including archived ones."""
    with snapshot():
        return read_conversations(own_conversations(user_id), "preview")


def conversations_with(user_id: str, receiver_id: str) -> list[ConversationJson]:
    """Return the one-to-one conversation with this person or the group with this id, if any."""
    own = own_conversations(user_id).where(
        or_(Conversation.direct_key == direct_key(user_id, receiver_id), Group.id == receiver_id)
    )
    with snapshot():
        return read_conversations(own, "preview")


def sidebar(user_id: str, query: ListQuery, current_id: int | None = None) -> Sidebar:
    """Return the list as pages show it beside the conversation ``current_id``."""
    with snapshot():
        return Sidebar(
            query=query,
            page=conversations(user_id, query, current_id),
            unread=_count_unread(user_id),
            online=_people_online(user_id),
        )


def dashboard(user_id: str) -> Dashboard:
    """Return a person's unread conversations and contacts."""
    with snapshot():
        return Dashboard(
            unread=conversations(user_id, ListQuery(filter="unread", limit=DASHBOARD_ITEMS)).items,
            contacts=list_contacts(user_id, DirectoryQuery(limit=DASHBOARD_ITEMS)).items,
        )


def _page(
    own: Select[Conversation, Participant, Group], query: ListQuery, **values: Any
) -> Page[ConversationJson]:
    after = decode_cursor(query.cursor, int, parse, int)
    if after:
        sort_key = tuple_(_PINNED, Conversation.active_at, Conversation.id)
        own = own.where(sort_key < tuple(after))
    values["limit"] = query.limit + 1
    with snapshot():
        rows = [(row[0], row[1], row[2]) for row in db.session.execute(own, values)]
        shown = rows[: query.limit]
        cursor = None
        if len(rows) > query.limit:
            last, member, _ = shown[-1]
            key = int(member.pinned_at is not None), iso(last.active_at), last.id
            cursor = encode_cursor(key)
        return Page(present_conversations(shown, "preview"), cursor)


def _in_order(*conditions: ColumnElement[bool]) -> Select[Conversation, Participant, Group]:
    """Return a query for ``limit`` conversations: the pinned ones first, each part latest first."""
    return (
        own_conversations(_ME)
        .where(*conditions)
        .order_by(_PINNED.desc(), Conversation.active_at.desc(), Conversation.id.desc())
        .limit(bindparam("limit", type_=Integer))
    )


def _is_named(user_id: str, q: str) -> ColumnElement[bool]:
    """Return the condition that the group's name, or the other person's names, contain ``q``."""
    participants = Participant.__table__.alias()
    other_person = exists().where(
        participants.c.conversation_id == Conversation.id,
        participants.c.user_id != user_id,
        User.id == participants.c.user_id,
        User.name_contains(q),
    )
    return or_(
        and_(
            Conversation.kind == "group",
            func.lower(Conversation.name).contains(q, autoescape=True),
        ),
        and_(Conversation.kind == "direct", other_person),
    )


def _people_online(user_id: str) -> list[OnlinePerson]:
    """Return some of the people who are online, contacts first, by name."""
    visible = visible_presence(user_id, visible_people(user_id))
    online = {id_: presence for id_, presence in visible.items() if presence.online}
    if not online:
        return []
    people = db.session.scalars(_ONLINE, {"ids": list(online), "user_id": user_id}).all()
    keys = {direct_key(user_id, user.id): user.id for user in people}
    direct = db.session.execute(_DIRECT, {"keys": list(keys)})
    conversation_ids = {keys[key or ""]: id_ for key, id_ in direct}
    return [
        OnlinePerson(person_json(user, presence=online[user.id]), conversation_ids.get(user.id))
        for user in people
    ]


def _count_unread(user_id: str) -> int:
    return int(db.session.scalar(_UNREAD, {"user_id": user_id}) or 0)


# Built once: composing these took longer than running them.
_ME: BindParameter[str] = bindparam("user_id")
_LISTED: dict[Filter, Select[Conversation, Participant, Group]] = {
    "all": _in_order(not_(is_archived())),
    "unread": _in_order(
        not_(is_archived()),
        or_(
            Conversation.last_seq > Participant.last_read_seq,
            Conversation.id == bindparam("current_id"),
        ),
    ),
    "groups": _in_order(not_(is_archived()), Conversation.kind == "group"),
    "people": _in_order(not_(is_archived()), Conversation.kind == "direct"),
    "archived": _in_order(is_archived()),
}
_UNREAD_SUM: Any = func.sum(Conversation.last_seq - Participant.last_read_seq)
_UNREAD = (
    own_conversations(_ME)
    .where(not_(is_archived()), not_(is_silent()))
    .with_only_columns(_UNREAD_SUM)
)
_ONLINE = (
    select(User)
    .outerjoin(Contact, and_(Contact.contact_id == User.id, Contact.user_id == _ME))
    .where(User.id.in_(bindparam("ids", expanding=True)), User.is_active, User.deleted_at.is_(None))
    .order_by(Contact.id.is_(None), User.name, User.id)
    .limit(MAX_ONLINE)
)
_DIRECT = select(Conversation.direct_key, Conversation.id).where(
    Conversation.direct_key.in_(bindparam("keys", expanding=True)),
    Conversation.deleted_at.is_(None),
)
