"""Use cases of signing in and out: beginning, listing and ending what counts as a credential.

Ending tells this process's sockets at once; other processes, which hear nothing of it, look their
sockets' credentials up every few seconds (`realtime.revalidation`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, select, tuple_, update

from chatapp.core.clock import Interval, iso, parse
from chatapp.core.db import atomic, db, now, send_signal
from chatapp.core.errors import NotFound, Unauthenticated
from chatapp.core.events import CredentialEnded
from chatapp.core.paging import Page, PageQuery, decode_cursor, make_page
from chatapp.core.validation import parse_uuid
from chatapp.models import SignIn, User
from chatapp.security import access_tokens
from chatapp.security.identity import Client

Kind = Literal["session", "token", "service"]

_sweeping = Interval(3600)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A bearer token for a client; this is the only time that its text is known."""

    token: str
    expires_at: datetime


def begin(
    user_id: str,
    kind: Kind,
    client: Client,
    *,
    expires_at: datetime,
    id_: str | None = None,
    service_token_id: str | None = None,
    proven_by: str | None = None,
) -> str:
    """This person is signed in at one place more; gives its id.

    Where a password proved who it is, ``proven_by`` is its stored hash: whoever changed it since
    has ended every sign-in, and this one would come after. Raises Unauthenticated then.
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
        if proven_by is not None:
            still = select(User.id).where(User.id == user_id, User.password_hash == proven_by)
            if work.scalar(still.with_for_update(read=True)) is None:
                raise Unauthenticated("The password was changed just now. Log in with the new one.")
        work.add(sign_in)
        work.flush()  # it has its id from now on, also within a larger transaction
        if _sweeping.due():
            sweep()
    return sign_in.id


def sweep() -> None:
    """Delete what has expired, ended or not: it can't count again."""
    with atomic() as work:
        work.execute(delete(SignIn).where(SignIn.expires_at <= now()))


def issue_token(
    user_id: str,
    client: Client,
    *,
    service_token_id: str | None = None,
    expires_in: int | None = None,
    proven_by: str | None = None,
) -> IssuedToken:
    """A new bearer token for this person, good for so many seconds or as long as any.

    One that a service asked for ends with that service's own.
    """
    signed = access_tokens.sign(user_id, expires_in)
    begin(
        user_id,
        "service" if service_token_id else "token",
        client,
        expires_at=signed.expires_at,
        id_=signed.id,
        service_token_id=service_token_id,
        proven_by=proven_by,
    )
    return IssuedToken(signed.text, signed.expires_at)


def listing(user_id: str, query: PageQuery) -> Page[SignIn]:
    """Where this person is signed in, the last used first."""
    standing = select(SignIn).where(
        SignIn.user_id == user_id, SignIn.ended_at.is_(None), SignIn.expires_at > now()
    )
    after = decode_cursor(query.cursor, parse, parse_uuid)
    if after:
        standing = standing.where(tuple_(SignIn.last_used_at, SignIn.id) < tuple(after))
    standing = standing.order_by(SignIn.last_used_at.desc(), SignIn.id.desc())
    rows = db.session.scalars(standing.limit(query.limit + 1)).all()
    return make_page(rows, query.limit, lambda row: (iso(row.last_used_at), row.id))


def end(user_id: str, sign_in_id: str) -> None:
    """This person is signed in there no more, and its sockets end. Raises NotFound."""
    with atomic():
        if not _end(SignIn.user_id == user_id, SignIn.id == sign_in_id):
            raise NotFound("You aren't signed in there any more.")


def end_all(user_id: str, *, but: str | None = None) -> int:
    """This person is signed in nowhere any more, ``but`` perhaps there; gives how many ended.

    Inside an `atomic()` it is part of that.
    """
    with atomic():
        if but is None:
            return _end(SignIn.user_id == user_id)
        return _end(SignIn.user_id == user_id, SignIn.id != but)


def end_issued_by(service_token_id: str) -> int:
    """Every token that this service asked for ends; gives how many did."""
    with atomic():
        return _end(SignIn.service_token_id == service_token_id)


def _end(*which: object) -> int:
    """Within `atomic()`: all these that stand end, and whoever holds their sockets is told."""
    ended = db.session.scalars(
        update(SignIn)
        .where(*which, SignIn.ended_at.is_(None), SignIn.expires_at > now())  # type: ignore[arg-type]
        .values(ended_at=now())
        .returning(SignIn.id)
        .execution_options(synchronize_session=False)
    ).all()
    for id_ in ended:
        send_signal(CredentialEnded(id_))
    return len(ended)
