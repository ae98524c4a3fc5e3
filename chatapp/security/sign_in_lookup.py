"""Sign-ins that still count: looking them up with their people, and noting that they are used."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from chatapp.core.db import NOW, atomic, db, now
from chatapp.models import SignIn, User

log = logging.getLogger(__name__)

#: How exact `SignIn.last_used_at` is: a write for each request would be far too many.
USE_NOTED_EVERY = timedelta(minutes=5)


def by_token(id_: str, user_id: str) -> tuple[User, SignIn] | None:
    """Return the person and the sign-in of a token, if it still counts."""
    return _find(_BY_TOKEN, id_, user_id)


def by_session(id_: str, user_id: str) -> tuple[User, SignIn] | None:
    """Return the person and the sign-in of a browser session, if it still counts."""
    return _find(_BY_SESSION, id_, user_id)


def still_valid(ids: set[str]) -> set[str]:
    """Return which of these sign-ins still count, and note where due that they are in use.

    This is asked every few seconds about every socket, so the usual answer, all of them, is only
    counted.
    """
    valid = _valid(SignIn.id.in_(ids))
    columns = (func.count(), func.min(SignIn.last_used_at))
    count, longest_unused = db.session.execute(valid.with_only_columns(*columns)).one()
    if longest_unused is not None and _is_due(longest_unused):
        with atomic() as work:
            due = (SignIn.id.in_(ids), SignIn.last_used_at <= now() - USE_NOTED_EVERY)
            work.execute(
                update(SignIn)
                .where(*due)
                .values(last_used_at=now())
                .execution_options(synchronize_session=False)
            )
    if count == len(ids):
        return ids
    return set(db.session.scalars(valid.with_only_columns(SignIn.id)))


def note_use(sign_in: SignIn, *, ip: str | None, user_agent: str) -> bool:
    """Note that the sign-in was used now, and from where, unless that was done recently.

    Return whether a session was extended by that.
    """
    if not _is_due(sign_in.last_used_at):
        return False
    values: dict[str, Any] = {"last_used_at": now(), "ip": ip, "user_agent": user_agent}
    lifetime = current_app.permanent_session_lifetime
    extended = sign_in.kind == "session" and sign_in.expires_at < now() + lifetime * 0.9
    if extended:
        values["expires_at"] = now() + lifetime
    try:
        with atomic() as work:
            work.execute(
                update(SignIn)
                .where(SignIn.id == sign_in.id)
                .values(values)
                .execution_options(synchronize_session=False)
            )
    except SQLAlchemyError:
        log.exception("the use of a sign-in isn't noted")  # the request itself is answered
    return extended


def _find(named: Select[User, SignIn], id_: str, user_id: str) -> tuple[User, SignIn] | None:
    row = db.session.execute(named, {"id": id_, "user_id": user_id}).one_or_none()
    if row is None:
        return None
    user, sign_in = row
    db.session.expunge(sign_in)  # else each rollback has it read anew, only to look at its times
    return user, sign_in


def _valid(*which: ColumnElement[bool]) -> Select[User, SignIn]:
    """Select those of ``which`` that count, with people who are neither deactivated nor deleted.

    Of staff none that a service asked for, even if they weren't staff when it did.
    """
    return (
        select(User, SignIn)
        .join(SignIn, SignIn.user_id == User.id)
        .where(
            *which,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > NOW,
            User.is_active,
            User.deleted_at.is_(None),
            or_(SignIn.kind != "service", ~(User.is_staff | User.is_superuser)),
        )
    )


# Every request asks one of these, so they are built once.
_NAMED = (SignIn.id == bindparam("id"), SignIn.user_id == bindparam("user_id"))
_BY_TOKEN = _valid(*_NAMED, SignIn.kind != "session")
_BY_SESSION = _valid(*_NAMED, SignIn.kind == "session")


def _is_due(last_used_at: datetime) -> bool:
    return last_used_at <= now() - USE_NOTED_EVERY
