"""Read people: the directory and profiles."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from chatapp.conversation.audience import presence_for
from chatapp.core.clock import iso
from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, make_page
from chatapp.models import User
from chatapp.user.listing import BY_NAME, is_listed_for, matches
from chatapp.user.presenters import (
    ProfileJson,
    profile_json,
)
from chatapp.user.schemas import DirectoryQuery


def list_directory(user_id: str, query: DirectoryQuery) -> Page[ProfileJson]:
    """Return a page of all other people by name, except those blocked either way.

    The query matches names and usernames, ignoring case.
    """
    people = select(User).where(is_listed_for(user_id), *matches(query))
    rows = db.session.scalars(people.order_by(*BY_NAME).limit(query.limit + 1)).all()
    page = make_page(rows, query.limit, lambda user: (user.name, user.id))
    return Page(present_profiles(user_id, page.items), page.next_cursor)


def get_person(viewer_id: str, user_id: str) -> ProfileJson:
    """Return an active person's profile as the viewer may see it. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotFound("This person doesn't exist.")
    return present_profiles(viewer_id, [user])[0]


def find_creation_times(user_ids: Collection[str]) -> dict[str, str]:
    """Map each user id to when the account was created."""
    rows = db.session.execute(select(User.id, User.created_at).where(User.id.in_(user_ids)))
    return {row.id: iso(row.created_at) for row in rows}


def present_profiles(viewer_id: str, people: Sequence[User]) -> list[ProfileJson]:
    """Return the profiles as the viewer may see them, with presence."""
    viewer = db.session.get_one(User, viewer_id)
    visible = presence_for(viewer_id, [user.id for user in people])
    return [profile_json(user, viewer, online=visible.get(user.id)) for user in people]
