"""Reads about people."""

from __future__ import annotations

from sqlalchemy import func, or_, select, tuple_

from chatapp.db import db
from chatapp.errors import NotFound
from chatapp.models import User
from chatapp.paging import Page, decode_cursor, page_of
from chatapp.user.schemas import DirectoryQuery


def directory(user_id: str, query: DirectoryQuery) -> Page[User]:
    """Everyone else with an account, by name; searched in name and username without case."""
    people = select(User).where(User.id != user_id, User.is_active, User.deleted_at.is_(None))
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
    return page_of(rows, query.limit, lambda user: (user.name, user.id))


def person(user_id: str) -> User:
    """One active person. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotFound("There is nobody here by this id.")
    return user
