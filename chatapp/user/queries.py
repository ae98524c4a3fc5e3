"""Reads about people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import aliased

from chatapp.conversation.blocks import blocked_with, visible_presence
from chatapp.conversation.presenters import PersonJson, person_json
from chatapp.db import db
from chatapp.errors import NotFound
from chatapp.models import Conversation, Participant, User
from chatapp.paging import Page, decode_cursor, page_of
from chatapp.user.schemas import DirectoryQuery


def directory(user_id: str, query: DirectoryQuery) -> Page[PersonJson]:
    """Everyone else with an account but those blocked either way, by name.

    Searched in name and username, without regard to case.
    """
    hidden = blocked_with(user_id)
    people = select(User).where(
        User.id.not_in([user_id, *hidden]), User.is_active, User.deleted_at.is_(None)
    )
    if query.q:
        wanted = query.q.lower()
        people = people.where(
            or_(
                func.lower(User.name).contains(wanted, autoescape=True),
                User.username.contains(wanted, autoescape=True),
            )
        )
    after = decode_cursor(query.cursor, str, str)
    if after:
        people = people.where(tuple_(User.name, User.id) > tuple(after))
    rows = db.session.scalars(people.order_by(User.name, User.id).limit(query.limit + 1)).all()
    page = page_of(rows, query.limit, lambda user: (user.name, user.id))
    return Page(_present(user_id, page.items), page.next_cursor)


def person(viewer_id: str, user_id: str) -> PersonJson:
    """One active person's public profile. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotFound("There is nobody here by this id.")
    return _present(viewer_id, [user])[0]


def _present(viewer_id: str, people: Sequence[User]) -> list[PersonJson]:
    """Their profiles; presence of those only with whom the viewer shares a conversation."""
    ids = [user.id for user in people]
    mine, theirs = aliased(Participant), aliased(Participant)
    shared = db.session.scalars(
        select(theirs.user_id)
        .join(mine, mine.conversation_id == theirs.conversation_id)
        .join(Conversation, Conversation.id == theirs.conversation_id)
        .where(
            mine.user_id == viewer_id,
            mine.left_at.is_(None),
            theirs.user_id.in_(ids),
            theirs.left_at.is_(None),
            Conversation.deleted_at.is_(None),
        )
        .distinct()
    )
    visible = visible_presence(viewer_id, {*shared, viewer_id})
    return [person_json(user, online=visible.get(user.id)) for user in people]
