"""Links by which people join a group.

A link's token is its id, signed: nothing secret is stored, and owners and admins can copy a link
again. It counts until its time has come, as many have joined by it as may, it is withdrawn, or the
group is gone. It outlives its maker's membership, and whoever was removed may come back by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from chatapp.conversation.access import lock_conversations, memberships
from chatapp.conversation.members import add_members
from chatapp.core.db import atomic, db, now, snapshot
from chatapp.core.errors import Conflict, NotFound
from chatapp.group.access import access_group, check_role
from chatapp.group.presenters import GroupLinkJson, group_link_json
from chatapp.group.schemas import NewLink
from chatapp.group.service import existing_people
from chatapp.models import Conversation, Group, GroupLink, Participant, User
from chatapp.security import attempt_limits
from chatapp.security.request_source import Source
from config import Settings

#: Links of one group that count at the same time.
MOST_LINKS = 50

_ASK = "Ask someone in the group for a new one."
UNKNOWN = f"This link doesn't lead to a group. Perhaps a part of it is missing. {_ASK}"
WITHDRAWN = f"This link has been withdrawn. {_ASK}"
EXPIRED = f"This link has expired. {_ASK}"
USED_UP = f"As many people have joined by this link as may. {_ASK}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What someone who follows a link may join."""

    group_id: str
    conversation_id: int
    name: str
    description: str | None
    members: int
    #: Who made the link, while they are in the group.
    inviter: str | None
    #: Whether whoever looks is a member already.
    inside: bool


def make_link(user_id: str, group_id: str, new: NewLink) -> GroupLink:
    """A new link into the group.

    Raises NotFound, Forbidden for plain members, Conflict where `MOST_LINKS` count already.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        standing = select(func.count()).select_from(GroupLink).where(_counts(group_id))
        if (work.scalar(standing) or 0) >= MOST_LINKS:
            raise Conflict(f"A group has at most {MOST_LINKS} links: withdraw one first.")
        link = GroupLink(
            group_id=group_id,
            created_by=user_id,
            most_uses=new.uses,
            expires_at=None
            if new.expires_in is None
            else now() + timedelta(seconds=new.expires_in),
        )
        work.add(link)
        work.flush()
        return link


def links(user_id: str, group_id: str) -> Sequence[tuple[GroupLink, User]]:
    """The links that count, the newest first, each with who made it.

    Raises NotFound, Forbidden for plain members.
    """
    with snapshot():
        check_role(access_group(user_id, group_id).participant, "owner", "admin")
        rows = db.session.execute(
            select(GroupLink, User)
            .join(User, User.id == GroupLink.created_by)
            .where(_counts(group_id))
            .order_by(GroupLink.created_at.desc(), GroupLink.id)
        )
        return [(row[0], row[1]) for row in rows]


def withdraw_link(user_id: str, group_id: str, link_id: str) -> None:
    """The link counts no more; once more changes nothing.

    Raises NotFound, Forbidden for plain members.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        link = work.get(GroupLink, link_id, populate_existing=True)
        if link is None or link.group_id != group_id:
            raise NotFound("There is no such link.")
        link.revoked_at = link.revoked_at or now()


def read_offer(token: str, source: Source, viewer_id: str | None = None) -> Offer:
    """What this link lets one join; nothing changes.

    Raises NotFound, which says why it doesn't count; RateLimited for who tries many.
    """
    link, group = _find(token, source)
    _check_counts(link)
    with snapshot():
        conversation_id = group.conversation_id
        members = (
            select(func.count())
            .where(Participant.conversation_id == conversation_id, Participant.left_at.is_(None))
            .scalar_subquery()
        )
        name, count = db.session.execute(
            select(Conversation.name, members).where(Conversation.id == conversation_id)
        ).one()
        people = {person for person in (link.created_by, viewer_id) if person is not None}
        inside = memberships(db.session(), [(conversation_id, person) for person in people])
        maker = inside.get((conversation_id, link.created_by))
        return Offer(
            group_id=group.id,
            conversation_id=conversation_id,
            name=name or "",
            description=group.description,
            members=count,
            inviter=maker[1].name if maker else None,
            inside=viewer_id is not None and (conversation_id, viewer_id) in inside,
        )


def join_by_link(user_id: str, token: str, source: Source) -> Group:
    """This person is a member; one who was stays what they were and uses nothing up.

    Raises as `read_offer`.
    """
    link, group = _find(token, source)
    with atomic() as work:
        conversation = lock_conversations(work, [group.conversation_id]).get(group.conversation_id)
        if conversation is None:
            raise NotFound(UNKNOWN)
        if memberships(work, [(conversation.id, user_id)]):
            return group
        work.refresh(link)  # as it is after the wait
        _check_counts(link)
        (person,) = existing_people(work, [user_id], "user_id")
        _use(work, link)
        add_members(work, conversation, person, [person], f"{person.name} joined by a link")
        return group


def present_link(link: GroupLink) -> GroupLinkJson:
    """A link with where it leads, as it is handed on."""
    token = str(_signer().dumps(link.id))
    return group_link_json(link, f"{_settings().base_url}/join/{token}", token)


def _find(token: str, source: Source) -> tuple[GroupLink, Group]:
    """The link and its group. Raises NotFound, alike for unknown, forged and a group that is gone.

    What isn't one is counted, and RateLimited raised for who tries many.
    """
    attempt_limits.refuse(attempt_limits.LINKS, source.network)
    try:
        link_id = _signer().loads(token)
    except BadSignature:
        link_id = None
    row = (
        isinstance(link_id, str)
        and db.session.execute(
            select(GroupLink, Group)
            .join(Group, Group.id == GroupLink.group_id)
            .where(GroupLink.id == link_id, Group.deleted_at.is_(None))
            .execution_options(populate_existing=True)
        ).one_or_none()
    )
    if not row:
        attempt_limits.allows(
            attempt_limits.LINKS, source.network
        )  # the next one is refused, this answer stays
        raise NotFound(UNKNOWN)
    return row[0], row[1]


def _check_counts(link: GroupLink) -> None:
    if link.revoked_at is not None:
        raise NotFound(WITHDRAWN)
    if link.expires_at is not None and link.expires_at <= now():
        raise NotFound(EXPIRED)
    if link.most_uses is not None and link.uses >= link.most_uses:
        raise NotFound(USED_UP)


def _counts(group_id: str) -> ColumnElement[bool]:
    return and_(
        GroupLink.group_id == group_id,
        GroupLink.revoked_at.is_(None),
        or_(GroupLink.expires_at.is_(None), GroupLink.expires_at > now()),
        or_(GroupLink.most_uses.is_(None), GroupLink.uses < GroupLink.most_uses),
    )


def _use(work: Session, link: GroupLink) -> None:
    """One place less. Raises NotFound where none is left."""
    used = work.scalar(
        update(GroupLink)
        .where(GroupLink.id == link.id, _counts(link.group_id))
        .values(uses=GroupLink.uses + 1)
        .returning(GroupLink.id)
        .execution_options(synchronize_session=False)
    )
    if used is None:
        raise NotFound(USED_UP)
    work.expire(link)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(_settings().secret_key, salt="group-link")


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
