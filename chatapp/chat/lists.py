"""One's conversations as a list: filtered, searched, in pages; and what stands around it."""

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
from chatapp.conversation.audience import noticed_by
from chatapp.conversation.blocks import direct_key, visible_presence
from chatapp.conversation.preferences import is_archived, is_silent
from chatapp.conversation.presenters import ConversationJson, PersonJson, person_json
from chatapp.conversation.queries import (
    own_conversations,
    present_conversations,
    read_conversations,
)
from chatapp.core.clock import iso, parse
from chatapp.core.db import db, snapshot
from chatapp.core.paging import Page, decode_cursor, encode_cursor
from chatapp.models import Contact, Conversation, Group, Participant, User
from chatapp.user import queries as people
from chatapp.user.presenters import RelationshipJson
from chatapp.user.schemas import DirectoryQuery

_PINNED: ColumnElement[int] = case((Participant.pinned_at.is_not(None), 1), else_=0)


#: So many people are shown as online beside the list.
MOST_ONLINE = 7
#: So many of each stand on the page on which nothing is open.
A_FEW = 6


@dataclass(frozen=True, slots=True)
class Present:
    """Someone who is online, and the conversation with them, where there is one."""

    person: PersonJson
    conversation_id: int | None


@dataclass(frozen=True, slots=True)
class Sidebar:
    """The list beside what is open, of one moment."""

    query: ListQuery
    page: Page[ConversationJson]
    #: How many messages are unread in all that is in the list and not silent.
    unread: int
    online: list[Present]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What one can do next where nothing is open."""

    unread: list[ConversationJson]
    contacts: list[RelationshipJson]


def conversations(
    user_id: str, query: ListQuery, current_id: int | None = None
) -> Page[ConversationJson]:
    """This person's conversations: the pinned ones, then the others, each latest first.

    What is open, ``current_id``, stays among the unread ones though it is being read.
    """
    listed = _LISTED[query.filter]
    if query.q:
        listed = listed.where(_named(user_id, query.q.lower()))
    return _page(listed, query, user_id=user_id, current_id=current_id or 0)


def with_own_notifications(user_id: str, query: ListQuery) -> Page[ConversationJson]:
    """This person's conversations that are muted or have a level of their own."""
    own = _in_order(or_(Participant.notify.is_not(None), is_silent()))
    return _page(own, query, user_id=user_id)


def all_conversations(user_id: str) -> list[ConversationJson]:
    """All of them at once, archived ones too: as many statements as for one."""
    with snapshot():
        return read_conversations(own_conversations(user_id), "few")


def conversations_with(user_id: str, receiver_id: str) -> list[ConversationJson]:
    """The one-to-one conversation with this person, or this group's; none where there is none."""
    own = own_conversations(user_id).where(
        or_(Conversation.direct_key == direct_key(user_id, receiver_id), Group.id == receiver_id)
    )
    with snapshot():
        return read_conversations(own, "few")


def sidebar(user_id: str, query: ListQuery, current_id: int | None = None) -> Sidebar:
    """The list as pages show it beside ``current_id``."""
    with snapshot():
        return Sidebar(
            query=query,
            page=conversations(user_id, query, current_id),
            unread=_unread(user_id),
            online=_online(user_id),
        )


def dashboard(user_id: str) -> Dashboard:
    """What this person can do next."""
    with snapshot():
        return Dashboard(
            unread=conversations(user_id, ListQuery(filter="unread", limit=A_FEW)).items,
            contacts=people.list_contacts(user_id, DirectoryQuery(limit=A_FEW)).items,
        )


def _page(
    own: Select[Conversation, Participant, Group], query: ListQuery, **values: Any
) -> Page[ConversationJson]:
    after = decode_cursor(query.cursor, int, parse, int)
    if after:
        place = tuple_(_PINNED, Conversation.active_at, Conversation.id)
        own = own.where(place < tuple(after))
    values["most"] = query.limit + 1
    with snapshot():
        rows = [(row[0], row[1], row[2]) for row in db.session.execute(own, values)]
        shown = rows[: query.limit]
        cursor = None
        if len(rows) > query.limit:
            last, member, _ = shown[-1]
            key = int(member.pinned_at is not None), iso(last.active_at), last.id
            cursor = encode_cursor(key)
        return Page(present_conversations(shown, "few"), cursor)


def _in_order(*narrowed: ColumnElement[bool]) -> Select[Conversation, Participant, Group]:
    """``most`` of one's conversations: the pinned ones, then the others, each latest first."""
    return (
        own_conversations(_ME)
        .where(*narrowed)
        .order_by(_PINNED.desc(), Conversation.active_at.desc(), Conversation.id.desc())
        .limit(bindparam("most", type_=Integer))
    )


def _named(user_id: str, wanted: str) -> ColumnElement[bool]:
    """Whether this stands in a group's name, or in the other one's name or username."""
    place = Participant.__table__.alias()
    other = exists().where(
        place.c.conversation_id == Conversation.id,
        place.c.user_id != user_id,
        User.id == place.c.user_id,
        User.name_contains(wanted),
    )
    return or_(
        and_(
            Conversation.kind == "group",
            func.lower(Conversation.name).contains(wanted, autoescape=True),
        ),
        and_(Conversation.kind == "direct", other),
    )


def _online(user_id: str) -> list[Present]:
    """A few of those who are online, contacts before the others, by name."""
    noticed = visible_presence(user_id, noticed_by(user_id))
    here = {id_: presence for id_, presence in noticed.items() if presence.online}
    if not here:
        return []
    found = db.session.scalars(_ONLINE, {"ids": list(here), "user_id": user_id}).all()
    keys = {direct_key(user_id, user.id): user.id for user in found}
    direct = db.session.execute(_DIRECT, {"keys": list(keys)})
    ids = {keys[key or ""]: id_ for key, id_ in direct}
    return [Present(person_json(user, online=here[user.id]), ids.get(user.id)) for user in found]


def _unread(user_id: str) -> int:
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
_SUM: Any = func.sum(Conversation.last_seq - Participant.last_read_seq)
_UNREAD = (
    own_conversations(_ME).where(not_(is_archived()), not_(is_silent())).with_only_columns(_SUM)
)
_ONLINE = (
    select(User)
    .outerjoin(Contact, and_(Contact.contact_id == User.id, Contact.user_id == _ME))
    .where(User.id.in_(bindparam("ids", expanding=True)), User.is_active, User.deleted_at.is_(None))
    .order_by(Contact.id.is_(None), User.name, User.id)
    .limit(MOST_ONLINE)
)
_DIRECT = select(Conversation.direct_key, Conversation.id).where(
    Conversation.direct_key.in_(bindparam("keys", expanding=True)),
    Conversation.deleted_at.is_(None),
)
