"""Who is asking: from a credential, never from the payload.

Over HTTP a bearer token counts before the cookie `jwt`, and that before the session cookie; a wrong
token is not made good by a cookie. A service token (see `services`) makes REST calls as the person
whom `On-Behalf-Of` names. Over a socket people's own credentials count, and there cookies only with
an allowed Origin (see `origins`, which takes them away otherwise).

Whatever the credential is, a row of `SignIn` says whether it still counts; it is read with the
person, in one query.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_login import current_user
from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from chatapp.core.db import NOW, atomic, db, now
from chatapp.core.errors import Forbidden, Unauthenticated
from chatapp.extensions import login
from chatapp.models import ServiceToken, SignIn, User
from chatapp.security import access_tokens, service_accounts
from chatapp.security.api_paths import is_rest_request
from chatapp.security.sessions import check_readable
from chatapp.security.view_policy import ViewPolicy, request_policy

log = logging.getLogger(__name__)

#: The cookie in which the clients of one dialect carry their access token.
TOKEN_COOKIE = "jwt"  # noqa: S105

ADMINISTRATORS_ONLY = "This is for administrators of this server."

#: How exact `SignIn.last_used_at` is: a write for each request would be far too many.
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Identity:
    """A person and the credential that says so: the id of a `SignIn`."""

    user_id: str
    credential_id: str
    #: Whether they hide what they read, as of the handshake.
    hides_receipts: bool = False
    #: It came as the cookie `jwt`, as one dialect's clients have it.
    by_cookie_token: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """What a request says of the browser or program that makes it."""

    user_agent: str
    ip: str | None


def init_app(app: Flask) -> None:
    """Look people up by their sessions."""
    login.init_app(app, add_context_processor=False)  # pages of errors look nobody up
    login.session_protection = None


def check_rest_caller(policy: ViewPolicy) -> None:
    """Raise Unauthenticated or Forbidden for a REST call by nobody who may make it."""
    if policy.public or not is_rest_request():
        return
    if policy.service:
        calling_service()
        return
    user, on_behalf_of = caller(), request.headers.get("On-Behalf-Of")
    if _service() is None and on_behalf_of not in (None, user.id):
        raise Forbidden("Only a service token acts for others. Leave On-Behalf-Of out.")


def check_page_caller(policy: ViewPolicy) -> None:
    """Raise Unauthenticated for a page that only people who are signed in may see."""
    if not policy.public and not is_rest_request():
        caller()


def caller() -> User:
    """The person who makes this request. Raises Unauthenticated where nobody is signed in."""
    user = signed_in()
    if user is None:
        raise Unauthenticated()
    return user


def administrator() -> User:
    """The administrator who makes this request. Raises Unauthenticated, Forbidden."""
    user = caller()
    if not user.is_staff:
        raise Forbidden(ADMINISTRATORS_ONLY)
    return user


def calling_service() -> ServiceToken:
    """The service that makes this request in its own name.

    Raises Unauthenticated without a service token, Forbidden without the call's scope.
    """
    service, policy = _service(), request_policy()
    if service is None or not policy.service:
        raise Unauthenticated(
            "This call takes a service token. One is made on the server's command line: "
            "flask --app wsgi token create."
        )
    service_accounts.check_scope(service, policy)
    return service


def counted_as() -> str | None:
    """By which id this request counts against limits: the person acted for, else the service."""
    user = signed_in()
    if user is not None:
        return user.id
    service = _service()
    return service.id if service else None


def signed_in() -> User | None:
    """The person who makes this request, or as whom a service makes it; None where it's nobody.

    Raises Forbidden or Unauthenticated for a service that may not make this call for them.
    """
    if "caller" not in g:
        header = request.headers.get("Authorization")
        if (service := _service()) is not None:
            g.caller = _acted_for(service)
        elif header is not None:
            g.caller = _by_token(_bearer(header))
        elif (text := _cookie_token(request.args.get("dialect"))) is not None:
            g.caller = _by_token(text)
        else:
            user = current_user._get_current_object()
            g.caller = user if isinstance(user, User) else None
    caller: User | None = g.caller
    return caller


def by_cookie_token() -> bool:
    """Whether this request's credential is the cookie `jwt`, valid or not.

    Being a cookie, browsers send it along with calls that any page makes, see `forgery`.
    """
    alone = "Authorization" not in request.headers
    return alone and _cookie_token(request.args.get("dialect")) is not None


def current_sign_in() -> SignIn:
    """The sign-in by which `caller` was known. Raises Unauthenticated, Forbidden for a service."""
    caller()
    sign_in: SignIn | None = g.get("sign_in")
    if sign_in is None:
        raise Forbidden("This takes a person who is signed in, and no service can be that.")
    return sign_in


def credential_id() -> str | None:
    """The id of the sign-in by which `caller` was known; None for a service, which has none."""
    sign_in: SignIn | None = g.get("sign_in")
    return sign_in.id if sign_in else None


def client() -> Client:
    """What makes this request, as it says itself."""
    agent = request.headers.get("User-Agent", "")
    shown = "".join(character if character.isprintable() else " " for character in agent)
    return Client(shown[:400], (request.remote_addr or "")[:64] or None)


def socket_identity(auth: object) -> Identity:
    """Who opens a socket, in the request context of its handshake.

    ``auth.token``, an Authorization header, the cookie `jwt`, then the session cookie; the first
    that is there decides. ``auth.user_id`` says who it has to be: a page that was left open does
    so, since its cookie may be another person's by now. Raises Unauthenticated, Unavailable where
    nobody can say whose session it is.
    """
    said = auth if isinstance(auth, Mapping) else {}
    text, header = said.get("token"), request.headers.get("Authorization")
    cookie = _cookie_token(said.get("dialect", request.args.get("dialect")))
    by_cookie = text is None and header is None and cookie is not None
    if by_cookie:
        user = _by_token(cookie)
    elif text is not None or header is not None:
        user = _by_token(text if text is not None else _bearer(header or ""))
    else:
        check_readable()
        user = current_user._get_current_object()
    if not isinstance(user, User):
        raise Unauthenticated(
            "Send a token from /api/auth/login, or for a service's user from /api/service/tokens, "
            "as auth.token."
        )
    if said.get("user_id", user.id) != user.id:
        raise Unauthenticated("Somebody else has signed in here. Reload the page.")
    return Identity(user.id, g.sign_in.id, user.hide_read_receipts, by_cookie)


def standing(ids: set[str]) -> set[str]:
    """Those of these sign-ins that still count. They are in use: that is noted where it is due.

    Asked every few seconds about every socket, so the usual answer, all of them, is only counted.
    """
    counting = _standing(SignIn.id.in_(ids))
    columns = (func.count(), func.min(SignIn.last_used_at))
    count, longest_unused = db.session.execute(counting.with_only_columns(*columns)).one()
    if longest_unused is not None and _is_due(longest_unused):
        with atomic() as work:
            due = (SignIn.id.in_(ids), SignIn.last_used_at <= now() - NOTED_EVERY)
            work.execute(
                update(SignIn)
                .where(*due)
                .values(last_used_at=now())
                .execution_options(synchronize_session=False)
            )
    if count == len(ids):
        return ids
    return set(db.session.scalars(counting.with_only_columns(SignIn.id)))


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Flask-Login's look-up; a session whose sign-in has ended is emptied."""
    id_ = session.get("sign_in")
    user = _by_sign_in(_OF_SESSION, id_, user_id) if isinstance(id_, str) else None
    if user is None:
        session.clear()
    return user


def _bearer(header: str) -> str:
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _cookie_token(dialect: object) -> str | None:
    """The token in the cookie `jwt`, where it is a credential: for calls, not for our own pages."""
    if dialect == "colon" or not request.path.startswith(("/api/", "/socket.io")):
        return None
    if "cookie" not in current_app.config["SETTINGS"].dialects:
        return None
    return request.cookies.get(TOKEN_COOKIE)


def _service() -> ServiceToken | None:
    """The service whose token this request carries."""
    if "service" not in g:
        text = _bearer(request.headers.get("Authorization", ""))
        g.service = (
            service_accounts.find_service(text)
            if text.startswith(service_accounts.PREFIX)
            else None
        )
    service: ServiceToken | None = g.service
    return service


def _acted_for(service: ServiceToken) -> User | None:
    policy = request_policy()
    if policy.public or policy.service or not is_rest_request():
        return None
    service_accounts.check_scope(service, policy)
    return service_accounts.person_acted_for(request.headers.get("On-Behalf-Of"))


def _by_token(text: Any) -> User | None:
    claims = access_tokens.verify(text) if isinstance(text, str) and text else None
    if claims is None:
        return None
    return _by_sign_in(_OF_TOKEN, claims.token_id, claims.user_id)


def _by_sign_in(named: Select[User, SignIn], id_: str, user_id: str) -> User | None:
    row = db.session.execute(named, {"id": id_, "user_id": user_id}).one_or_none()
    if row is None:
        return None
    user: User = row[0]
    g.sign_in = row[1]
    db.session.expunge(g.sign_in)  # else each rollback has it read anew, only to look at its times
    return user


def _standing(*which: ColumnElement[bool]) -> Select[User, SignIn]:
    """Those of ``which`` that count, with their people: nobody who is deactivated or deleted.

    Of staff none that a service asked for, though they weren't staff when it did.
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
_OF_TOKEN = _standing(*_NAMED, SignIn.kind != "session")
_OF_SESSION = _standing(*_NAMED, SignIn.kind == "session")


def _is_due(last_used_at: datetime) -> bool:
    return last_used_at <= now() - NOTED_EVERY


def note_use(response: Response) -> Response:
    """Note when and from where the sign-in behind this request was used."""
    sign_in: SignIn | None = g.get("sign_in")
    if sign_in is None or not _is_due(sign_in.last_used_at):
        return response
    seen = client()
    values: dict[str, Any] = {"last_used_at": now(), "ip": seen.ip, "user_agent": seen.user_agent}
    lifetime = current_app.permanent_session_lifetime
    if sign_in.kind == "session" and sign_in.expires_at < now() + lifetime * 0.9:
        values["expires_at"] = now() + lifetime
        session.modified = True  # the cookie and what it stands for live on as long
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
    return response
