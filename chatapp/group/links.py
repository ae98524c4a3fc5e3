"""Invite links: links by which people join a group.

A link's token is its signed id: no secret is stored, and owners and admins can copy a link again.
It is valid until it expires, is used up or revoked, or the group is deleted. It stays valid after
its creator has left, and people who were removed can use it to come back.
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
from chatapp.group.link_presenters import GroupLinkJson, group_link_json
from chatapp.group.schemas import NewLink
from chatapp.group.service import existing_people
from chatapp.models import Conversation, Group, GroupLink, Participant, User
from chatapp.security import attempt_limits, attempt_rules
from chatapp.security.request_source import Source
from config import Settings

#: The most valid links of one group.
MAX_LINKS = 50

_ASK = "Ask someone in the group for a new one."
UNKNOWN = f"This link doesn't lead to a group. Part of it may be missing. {_ASK}"
REVOKED = f"This link was revoked. {_ASK}"
EXPIRED = f"This link has expired. {_ASK}"
USED_UP = f"This link has been used as often as it can be. {_ASK}"


@dataclass(frozen=True, slots=True)
class Offer:
    """The group that an invite link leads to."""

    group_id: str
    conversation_id: int
    name: str
    description: str | None
    members: int
    #: The name of the link's creator, while they are in the group.
    inviter: str | None
    #: The viewer is a member already.
    is_member: bool


def create_link(user_id: str, group_id: str, new: NewLink) -> GroupLink:
    """Create an invite link.

    Raises NotFound, Forbidden for plain members, Conflict if the group has `MAX_LINKS` valid ones.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        valid = select(func.count()).select_from(GroupLink).where(_is_valid(group_id))
        if (work.scalar(valid) or 0) >= MAX_LINKS:
            raise Conflict(f"A group can have at most {MAX_LINKS} links. Revoke one first.")
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
    """Return the valid links, the newest first, with their creators.

    Raises NotFound, Forbidden for plain members.
    """
    with snapshot():
        check_role(access_group(user_id, group_id).participant, "owner", "admin")
        rows = db.session.execute(
            select(GroupLink, User)
            .join(User, User.id == GroupLink.created_by)
            .where(_is_valid(group_id))
            .order_by(GroupLink.created_at.desc(), GroupLink.id)
        )
        return [(row[0], row[1]) for row in rows]


def revoke_link(user_id: str, group_id: str, link_id: str) -> None:
    """Revoke a link. Revoking it again changes nothing.

    Raises NotFound, Forbidden for plain members.
    """
    with atomic() as work:
        access = access_group(user_id, group_id, lock=True)
        check_role(access.participant, "owner", "admin")
        link = work.get(GroupLink, link_id, populate_existing=True)
        if link is None or link.group_id != group_id:
            raise NotFound("This link doesn't exist.")
        link.revoked_at = link.revoked_at or now()


def read_offer(token: str, source: Source, viewer_id: str | None = None) -> Offer:
    """Return the group that a link leads to, and change nothing.

    Raises NotFound, which says why a link isn't valid, and RateLimited after many attempts.
    """
    link, group = _find(token, source)
    _check_valid(link)
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
        found = memberships(db.session(), [(conversation_id, person) for person in people])
        creator = found.get((conversation_id, link.created_by))
        return Offer(
            group_id=group.id,
            conversation_id=conversation_id,
            name=name or "",
            description=group.description,
            members=count,
            inviter=creator[1].name if creator else None,
            is_member=viewer_id is not None and (conversation_id, viewer_id) in found,
        )


def join_by_link(user_id: str, token: str, source: Source) -> Group:
    """Make this person a member. A member keeps their role and doesn't use up the link.

    Raises what `read_offer` raises.
    """
    link, group = _find(token, source)
    with atomic() as work:
        conversation = lock_conversations(work, [group.conversation_id]).get(group.conversation_id)
        if conversation is None:
            raise NotFound(UNKNOWN)
        if memberships(work, [(conversation.id, user_id)]):
            return group
        work.refresh(link)  # as of after the wait
        _check_valid(link)
        (person,) = existing_people(work, [user_id], "user_id")
        _use(work, link)
        add_members(work, conversation, person, [person], f"{person.name} joined with a link")
        return group


def present_link(link: GroupLink) -> GroupLinkJson:
    """Return a link with the address to share."""
    token = str(_signer().dumps(link.id))
    return group_link_json(link, f"{_settings().base_url}/join/{token}", token)


def _find(token: str, source: Source) -> tuple[GroupLink, Group]:
    """Return the link and its group, or raise NotFound.

    The error is the same for unknown and forged tokens and deleted groups. Such attempts are
    counted, and too many raise RateLimited.
    """
    attempt_limits.check(attempt_rules.LINKS, source.network)
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
        attempt_limits.try_spend(
            attempt_rules.LINKS, source.network
        )  # too many refuse the next attempt; this one is answered
        raise NotFound(UNKNOWN)
    return row[0], row[1]


def _check_valid(link: GroupLink) -> None:
    """Raise NotFound, with the reason, if the link isn't valid."""
    if link.revoked_at is not None:
        raise NotFound(REVOKED)
    if link.expires_at is not None and link.expires_at <= now():
        raise NotFound(EXPIRED)
    if link.most_uses is not None and link.uses >= link.most_uses:
        raise NotFound(USED_UP)


def _is_valid(group_id: str) -> ColumnElement[bool]:
    return and_(
        GroupLink.group_id == group_id,
        GroupLink.revoked_at.is_(None),
        or_(GroupLink.expires_at.is_(None), GroupLink.expires_at > now()),
        or_(GroupLink.most_uses.is_(None), GroupLink.uses < GroupLink.most_uses),
    )


def _use(work: Session, link: GroupLink) -> None:
    """Count one use. Raises NotFound if the link is used up."""
    used = work.scalar(
        update(GroupLink)
        .where(GroupLink.id == link.id, _is_valid(link.group_id))
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
