"""What administrators do to accounts: on pages, over REST and on the command line alike."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from chatapp.auth.mailed_links.links import end_links
from chatapp.auth.schemas import AccountChange, AccountsQuery
from chatapp.auth.signin import sign_ins
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, Forbidden, NotFound
from chatapp.core.paging import Page, decode_cursor, page_of
from chatapp.core.validation import clean
from chatapp.models import User
from chatapp.security import attempt_limits, audit, setup_code
from chatapp.security.identity import ADMINISTRATORS_ONLY
from chatapp.security.password_hashing import hash_password


def find(name: str) -> User:
    """The account of this address or username. Raises NotFound."""
    folded = name.strip().lower()
    user: User | None = db.session.scalar(
        select(User).where(
            or_(User.email == folded, User.username == folded), User.deleted_at.is_(None)
        )
    )
    if user is None:
        raise NotFound(f"There is no account called {name}.")
    return user


def everyone() -> Iterator[User]:
    """Every account that isn't deleted, by username."""
    query = select(User).where(User.deleted_at.is_(None)).order_by(User.username)
    return iter(db.session.scalars(query.execution_options(yield_per=500)))


def accounts(query: AccountsQuery) -> Page[User]:
    """A page of all accounts that aren't deleted, the deactivated too, by username."""
    people = select(User).where(User.deleted_at.is_(None))
    if query.q:
        by_address = User.email.contains(query.q.lower(), autoescape=True)
        people = people.where(or_(User.is_called(query.q), by_address))
    after = decode_cursor(query.cursor, clean)
    if after:
        people = people.where(User.username > after[0])
    rows = db.session.scalars(people.order_by(User.username).limit(query.limit + 1)).all()
    return page_of(rows, query.limit, lambda user: (user.username,))


def has_administrator() -> bool:
    """Whether somebody is an administrator, and can be one at this moment."""
    found = select(User.id).where(User.is_staff, User.is_active, User.deleted_at.is_(None))
    return db.session.scalar(found.limit(1)) is not None


def keep_an_administrator(work: Session, user_id: str) -> None:
    """Raises Conflict where this person leaving would leave nobody to administer the server.

    The administrators are locked, so that of two who dismiss each other at once one stays.
    """
    if _locked_administrators(work) == [user_id]:
        raise Conflict(
            "You are the only administrator. Make somebody else one first, under Administration."
        )


def _locked_administrators(work: Session) -> list[str]:
    """Who is an administrator now, and stays or goes by this transaction alone."""
    staff = select(User.id).where(User.is_staff, User.is_active, User.deleted_at.is_(None))
    return list(work.scalars(staff.order_by(User.id).with_for_update()))


def set_administrator(user_id: str, yes: bool) -> None:
    """This person is an administrator, or isn't any more. The first one ends the setup code."""
    with atomic() as work:
        user = _locked(work, user_id)
        user.is_staff = user.is_superuser = yes
    if yes:
        setup_code.discard(current_app.config["SETTINGS"].instance_dir)
    audit.note("role changed", user_id=user_id, role="administrator" if yes else "member")


def change(actor_id: str, user_id: str, wanted: AccountChange) -> User:
    """What an administrator sets of somebody else's account: so there is always one left.

    Raises NotFound, Conflict for one's own account, Forbidden for who is no administrator, or was
    dismissed a moment ago.
    """
    if actor_id == user_id:
        raise Conflict("Another administrator has to change this of your own account.")
    with atomic() as work:
        if actor_id not in _locked_administrators(work):
            raise Forbidden(ADMINISTRATORS_ONLY)
        if wanted.is_staff is not None:
            set_administrator(user_id, wanted.is_staff)
        if wanted.is_active is not None:
            (activate if wanted.is_active else deactivate)(user_id)
    return find_by_id(user_id)


def find_by_id(user_id: str) -> User:
    """The account of this id. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("There is nobody here by this id.")
    return user


def deactivate(user_id: str) -> None:
    """This person is signed out everywhere and can't sign in; memberships and messages stay."""
    with atomic() as work:
        _locked(work, user_id).is_active = False
        sign_ins.end_all(user_id)
    audit.note("deactivated", user_id=user_id)


def activate(user_id: str) -> None:
    """This person can sign in again, and any pause for wrong passwords is over."""
    with atomic() as work:
        _locked(work, user_id).is_active = True
        attempt_limits.lift(user_id)
    audit.note("activated", user_id=user_id)


def set_password(user_id: str, password: str) -> None:
    """The account has this password; it is signed out everywhere, and any pause is over."""
    password_hash = hash_password(password)
    with atomic() as work:
        _locked(work, user_id).password_hash = password_hash
        end_links(work, user_id)
        sign_ins.end_all(user_id)
        attempt_limits.lift(user_id)
    audit.note("password changed", user_id=user_id, by="command line")


def _locked(work: Session, user_id: str) -> User:
    user = work.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.deleted_at is not None:
        raise NotFound("There is nobody here by this id.")
    return user
