"""Find accounts and change them, for the admin pages, the REST API and the command line."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from chatapp.auth import sign_ins
from chatapp.auth.admin.schemas import AccountChange, AccountsQuery
from chatapp.auth.link_tokens import revoke_links
from chatapp.core.cursors import decode_cursor
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, Forbidden, NotFound
from chatapp.core.paging import Page, make_page
from chatapp.core.validation import clean
from chatapp.models import User
from chatapp.security import audit, password_guesses, setup_code
from chatapp.security.identity import ADMINISTRATORS_ONLY
from chatapp.security.password_hashing import hash_password


def find_account(name: str) -> User:
    """Return the account with this email or username. Raises NotFound."""
    folded = name.strip().lower()
    user: User | None = db.session.scalar(
        select(User).where(
            or_(User.email == folded, User.username == folded), User.deleted_at.is_(None)
        )
    )
    if user is None:
        raise NotFound(f"There is no account called {name}.")
    return user


def get_account(user_id: str) -> User:
    """Return the account with this id. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or user.deleted_at is not None:
        raise NotFound("This person doesn't exist.")
    return user


def all_accounts() -> Iterator[User]:
    """Iterate over all accounts that aren't deleted, by username."""
    query = select(User).where(User.deleted_at.is_(None)).order_by(User.username)
    return iter(db.session.scalars(query.execution_options(yield_per=500)))


def list_accounts(query: AccountsQuery) -> Page[User]:
    """Return a page of the accounts that aren't deleted, by username; deactivated ones too."""
    people = select(User).where(User.deleted_at.is_(None))
    if query.q:
        email_matches = User.email.contains(query.q.lower(), autoescape=True)
        people = people.where(or_(User.name_contains(query.q), email_matches))
    after = decode_cursor(query.cursor, clean)
    if after:
        people = people.where(User.username > after[0])
    rows = db.session.scalars(people.order_by(User.username).limit(query.limit + 1)).all()
    return make_page(rows, query.limit, lambda user: (user.username,))


def has_administrator() -> bool:
    """Return whether the server has an active administrator."""
    return db.session.scalar(_administrator_ids().limit(1)) is not None


def check_not_last_administrator(work: Session, user_id: str) -> None:
    """Raise Conflict if this person is the only administrator.

    Locks the administrators, so that two who leave at the same time can't both pass.
    """
    if _lock_administrators(work) == [user_id]:
        raise Conflict(
            "You are the only administrator. Make somebody else an administrator first, "
            "under Administration."
        )


def change_account(actor_id: str, user_id: str, change: AccountChange) -> User:
    """Change another person's account as an administrator.

    Administrators can't change their own account, so one is always left. Raises NotFound, Conflict
    for the actor's own account, Forbidden if the actor isn't, or is no longer, an administrator.
    """
    if actor_id == user_id:
        raise Conflict("You can't change this for your own account. Ask another administrator.")
    with atomic() as work:
        if actor_id not in _lock_administrators(work):
            raise Forbidden(ADMINISTRATORS_ONLY)
        if change.is_staff is not None:
            set_administrator(user_id, change.is_staff)
        if change.is_active is not None:
            (activate if change.is_active else deactivate)(user_id)
    return get_account(user_id)


def set_administrator(user_id: str, is_administrator: bool) -> None:
    """Give or take away the administrator role. Giving it discards the setup code.

    Raises NotFound.
    """
    with atomic() as work:
        user = _lock_account(work, user_id)
        user.is_staff = user.is_superuser = is_administrator
    if is_administrator:
        setup_code.discard(current_app.config["SETTINGS"].instance_dir)
    role = "administrator" if is_administrator else "member"
    audit.note("role changed", user_id=user_id, role=role)


def deactivate(user_id: str) -> None:
    """Block sign-ins and end the current ones; memberships and messages stay. Raises NotFound."""
    with atomic() as work:
        _lock_account(work, user_id).is_active = False
        sign_ins.end_all_sign_ins(user_id)
    audit.note("deactivated", user_id=user_id)


def activate(user_id: str) -> None:
    """Allow sign-ins again and lift any pause after wrong passwords. Raises NotFound."""
    with atomic() as work:
        _lock_account(work, user_id).is_active = True
        password_guesses.clear_failures(user_id)
    audit.note("activated", user_id=user_id)


def set_password(user_id: str, password: str) -> None:
    """Set a new password, end all sign-ins and mailed links, lift any pause. Raises NotFound."""
    password_hash = hash_password(password)
    with atomic() as work:
        _lock_account(work, user_id).password_hash = password_hash
        revoke_links(work, user_id)
        sign_ins.end_all_sign_ins(user_id)
        password_guesses.clear_failures(user_id)
    audit.note("password changed", user_id=user_id, by="command line")


def _administrator_ids() -> Select[str]:
    return select(User.id).where(User.is_staff, User.is_active, User.deleted_at.is_(None))


def _lock_administrators(work: Session) -> list[str]:
    """Return the administrators' ids; no other transaction can change them until the commit."""
    return list(work.scalars(_administrator_ids().order_by(User.id).with_for_update()))


def _lock_account(work: Session, user_id: str) -> User:
    user = work.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.deleted_at is not None:
        raise NotFound("This person doesn't exist.")
    return user
