"""Identity: who makes a request or opens a socket. A credential says so, never the payload.

Over HTTP a bearer token counts before the cookie `jwt`, and that before the session cookie; a
cookie doesn't make up for a wrong token. A service token (`service_tokens`) makes REST calls as
the person named by `On-Behalf-Of`. Over a socket people's own credentials count; cookies only with
an allowed Origin (`web.cookie_guard` takes them away otherwise).

Whether a credential still counts is looked up in `sign_in_lookup`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request, session
from flask_login import current_user

from chatapp.core.errors import Forbidden, Unauthenticated
from chatapp.extensions import login
from chatapp.models import ServiceToken, SignIn, User
from chatapp.security import access_tokens, service_accounts, service_tokens, sign_in_lookup
from chatapp.security.api_paths import is_rest_request
from chatapp.security.sessions import check_readable
from chatapp.security.view_policy import ViewPolicy, request_policy

log = logging.getLogger(__name__)

#: The cookie in which the clients of one dialect carry their access token.
TOKEN_COOKIE = "jwt"  # noqa: S105

ADMINISTRATORS_ONLY = "This is for administrators of this server."


@dataclass(frozen=True, slots=True)
class Identity:
    """A person and the credential that says so: the id of a `SignIn`."""

    user_id: str
    credential_id: str
    #: Whether they hide what they read, as of the handshake.
    hides_receipts: bool = False
    #: The credential came as the cookie `jwt`, as one dialect's clients send it.
    by_cookie_token: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """The browser or program that makes a request, as it describes itself."""

    user_agent: str
    ip: str | None


def init_app(app: Flask) -> None:
    """Look people up by their sessions."""
    login.init_app(app, add_context_processor=False)  # pages of errors look nobody up
    login.session_protection = None


def check_rest_caller(policy: ViewPolicy) -> None:
    """Raise Unauthenticated or Forbidden unless the caller may make this REST call."""
    if policy.public or not is_rest_request():
        return
    if policy.service:
        calling_service()
        return
    user, on_behalf_of = caller(), request.headers.get("On-Behalf-Of")
    if _service() is None and on_behalf_of not in (None, user.id):
        raise Forbidden("Only a service token acts for others. Leave On-Behalf-Of out.")


def check_page_caller(policy: ViewPolicy) -> None:
    """Raise Unauthenticated for a page that takes somebody who is signed in."""
    if not policy.public and not is_rest_request():
        caller()


def caller() -> User:
    """Return the person who makes this request. Raises Unauthenticated."""
    user = signed_in()
    if user is None:
        raise Unauthenticated()
    return user


def administrator() -> User:
    """Return the administrator who makes this request. Raises Unauthenticated, Forbidden."""
    user = caller()
    if not user.is_staff:
        raise Forbidden(ADMINISTRATORS_ONLY)
    return user


def calling_service() -> ServiceToken:
    """Return the service that makes this request in its own name.

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
    """Return the id whose limits this request counts against: the person's, else the service's."""
    user = signed_in()
    if user is not None:
        return user.id
    service = _service()
    return service.id if service else None


def signed_in() -> User | None:
    """Return the person who makes this request, or for whom a service makes it, or None.

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
    """Return whether this request's credential is the cookie `jwt`, valid or not.

    Browsers send a cookie along with calls that any page makes, so it needs care (`web.csrf`).
    """
    alone = "Authorization" not in request.headers
    return alone and _cookie_token(request.args.get("dialect")) is not None


def current_sign_in() -> SignIn:
    """Return the caller's sign-in. Raises Unauthenticated, Forbidden for a service."""
    caller()
    sign_in: SignIn | None = g.get("sign_in")
    if sign_in is None:
        raise Forbidden("This takes a person who is signed in; a service can't be one.")
    return sign_in


def credential_id() -> str | None:
    """Return the id of the caller's sign-in; None for a service, which has none."""
    sign_in: SignIn | None = g.get("sign_in")
    return sign_in.id if sign_in else None


def note_use(response: Response) -> Response:
    """Note when and from where the sign-in behind this request was used; runs after each."""
    sign_in: SignIn | None = g.get("sign_in")
    if sign_in is not None:
        seen = client()
        if sign_in_lookup.note_use(sign_in, ip=seen.ip, user_agent=seen.user_agent):
            session.modified = True  # the cookie and what it stands for live on as long
    return response


def client() -> Client:
    """Return what makes this request, as it describes itself."""
    agent = request.headers.get("User-Agent", "")
    shown = "".join(character if character.isprintable() else " " for character in agent)
    return Client(shown[:400], (request.remote_addr or "")[:64] or None)


def socket_identity(auth: object) -> Identity:
    """Return who opens a socket, in the request context of its handshake.

    The first of these that is there decides: ``auth.token``, an Authorization header, the cookie
    `jwt`, the session cookie. ``auth.user_id``, where it is sent, has to be that person: the cookie
    of a page that was left open may be somebody else's by now. Raises Unauthenticated; Unavailable
    where the session can't be read.
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


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Look the session's person up for Flask-Login; empty a session whose sign-in has ended."""
    id_ = session.get("sign_in")
    user = _by_sign_in(sign_in_lookup.by_session(id_, user_id)) if isinstance(id_, str) else None
    if user is None:
        session.clear()
    return user


def _bearer(header: str) -> str:
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _cookie_token(dialect: object) -> str | None:
    """Return the token in the cookie `jwt`, where that is a credential: in calls, not on pages."""
    if dialect == "colon" or not request.path.startswith(("/api/", "/socket.io")):
        return None
    if "cookie" not in current_app.config["SETTINGS"].dialects:
        return None
    return request.cookies.get(TOKEN_COOKIE)


def _service() -> ServiceToken | None:
    """Return the service whose token this request carries."""
    if "service" not in g:
        text = _bearer(request.headers.get("Authorization", ""))
        g.service = (
            service_tokens.find_service(text) if text.startswith(service_tokens.PREFIX) else None
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
    return _by_sign_in(sign_in_lookup.by_token(claims.token_id, claims.user_id))


def _by_sign_in(found: tuple[User, SignIn] | None) -> User | None:
    if found is None:
        return None
    g.sign_in = found[1]
    return found[0]
