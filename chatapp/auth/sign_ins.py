"""Create, list and end sign-ins. A session or token is valid as long as its sign-in is.

Ending a sign-in disconnects its sockets in this process at once. Other processes aren't told; they
check the credentials of their sockets every few seconds (`realtime.revalidation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select, tuple_, update

from chatapp.core.clock import Interval, iso, parse
from chatapp.core.cursors import decode_cursor
from chatapp.core.db import atomic, db, now, send_signal
from chatapp.core.errors import NotFound, Unauthenticated
from chatapp.core.events import CredentialEnded
from chatapp.core.paging import Page, PageQuery, make_page
from chatapp.core.validation import parse_uuid
from chatapp.models import SignIn, User
from chatapp.security import access_tokens
from chatapp.security.identity import Client

Kind = Literal["session", "token", "service"]

_cleanup = Interval(3600)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new bearer token. Its text isn't stored."""

    token: str
    expires_at: datetime


def create_sign_in(
    user_id: str,
    kind: Kind,
    client: Client,
    *,
    expires_at: datetime,
    id_: str | None = None,
    service_token_id: str | None = None,
    expected_password_hash: str | None = None,
) -> str:
    """Create a sign-in and return its id.

    After a password was verified, ``expected_password_hash`` is its stored hash. Raises
    Unauthenticated if it isn't the stored one any longer: a password change ends all sign-ins, and
    this one would come after it.
    """
    sign_in = SignIn(
        user_id=user_id,
        kind=kind,
        service_token_id=service_token_id,
        user_agent=client.user_agent,
        ip=client.ip,
        expires_at=expires_at,
    )
    if id_ is not None:
        sign_in.id = id_
    with atomic() as work:
        if expected_password_hash is not None:
            unchanged = select(User.id).where(
                User.id == user_id, User.password_hash == expected_password_hash
            )
            if work.scalar(unchanged.with_for_update(read=True)) is None:
                raise Unauthenticated("The password was just changed. Log in with the new one.")
        work.add(sign_in)
        work.flush()  # assigns the id, also within a larger transaction
        if _cleanup.due():
            delete_expired_sign_ins()
    return sign_in.id


def delete_expired_sign_ins() -> None:
    """Delete sign-ins that have expired, ended or not: they can't become valid again."""
    with atomic() as work:
        work.execute(delete(SignIn).where(SignIn.expires_at <= now()))


def issue_token(
    user_id: str,
    client: Client,
    *,
    service_token_id: str | None = None,
    expires_in: int | None = None,
    expected_password_hash: str | None = None,
) -> IssuedToken:
    """Issue a bearer token, valid for ``expires_in`` seconds or the longest time allowed.

    A token that a service asked for ends when the service token is revoked.
    """
    signed = access_tokens.sign(user_id, expires_in)
    create_sign_in(
        user_id,
        "service" if service_token_id else "token",
        client,
        expires_at=signed.expires_at,
        id_=signed.id,
        service_token_id=service_token_id,
        expected_password_hash=expected_password_hash,
    )
    return IssuedToken(signed.text, signed.expires_at)


def list_sign_ins(user_id: str, query: PageQuery) -> Page[SignIn]:
    """Return a page of the person's valid sign-ins, most recently used first."""
    valid = select(SignIn).where(
        SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.expires_at > now()
    )
    after = decode_cursor(query.cursor, parse, parse_uuid)
    if after:
        valid = valid.where(tuple_(SignIn.last_used_at, SignIn.id) < tuple(after))
    valid = valid.order_by(SignIn.last_used_at.desc(), SignIn.id.desc())
    rows = db.session.scalars(valid.limit(query.limit + 1)).all()
    return make_page(rows, query.limit, lambda row: (iso(row.last_used_at), row.id))


def end_sign_in(user_id: str, sign_in_id: str) -> None:
    """End one of the person's sign-ins and its sockets. Raises NotFound."""
    with atomic():
        if not _end(SignIn.user_id == user_id, SignIn.id == sign_in_id):
            raise NotFound("You are no longer signed in there.")


def end_all_sign_ins(user_id: str, *, except_id: str | None = None) -> int:
    """End all of the person's sign-ins, perhaps except this one; return how many ended.

    Joins a surrounding `atomic()`.
    """
    with atomic():
        if except_id is None:
            return _end(SignIn.user_id == user_id)
        return _end(SignIn.user_id == user_id, SignIn.id != except_id)


def end_tokens_of_service(service_token_id: str) -> int:
    """End all tokens that this service asked for; return how many ended."""
    with atomic():
        return _end(SignIn.service_token_id == service_token_id)


def _end(*conditions: object) -> int:
    """End the valid sign-ins that match and signal it to their sockets. Call inside `atomic()`."""
    ended = db.session.scalars(
        update(SignIn)
        .where(*conditions, SignIn.ended_at.is_(None), SignIn.expires_at > now())  # type: ignore[arg-type]
        .values(ended_at=now())
        .returning(SignIn.id)
        .execution_options(synchronize_session=False)
    ).all()
    for sign_in_id in ended:
        send_signal(CredentialEnded(sign_in_id))
    return len(ended)
