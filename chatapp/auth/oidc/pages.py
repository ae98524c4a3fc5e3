"""Pages to sign in with Google or another OpenID provider, and to connect and disconnect it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Response, flash, redirect, render_template, request, session, url_for

from chatapp.auth import bp
from chatapp.auth.login_form import login_error_page
from chatapp.auth.oidc import linked_accounts, provider
from chatapp.auth.oidc.linked_accounts import UnconfirmedLink
from chatapp.auth.oidc.pending_link import (
    count_try,
    forget_pending_link,
    load_pending_link,
    store_pending_link,
)
from chatapp.auth.oidc.schemas import DisconnectForm
from chatapp.auth.schemas import PasswordConfirmation
from chatapp.auth.settings_pages import account_page, account_section
from chatapp.auth.signin.browser_session import start_session
from chatapp.auth.signin.reauthentication import reauthenticate
from chatapp.core.errors import (
    BadRequest,
    ChatError,
    NotFound,
    Unavailable,
    ValidationFailed,
)
from chatapp.models import User
from chatapp.security.identity import caller, current_sign_in, signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import FORM_ERRORS, Form, form_view, refused_form, with_error
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_form

_INVITATION_KEY = "invitation"


@bp.get("/auth/google")
@policy(public=True)
def google() -> Any:
    """Send the browser to the provider to sign in."""
    _check_provider_configured()
    if signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    session[_INVITATION_KEY] = request.args.get("invitation", "")[:200]
    try:
        return provider.start_authorization(safe_next(request.args.get("next")))
    except ChatError as error:
        return login_error_page(error)


@bp.get("/auth/google/connect")
def google_connect() -> Any:
    """Send the browser to the provider to connect an account there to the caller's."""
    me = caller()
    try:
        return provider.start_authorization(url_for("auth.settings_account"), connect_to=me.id)
    except Unavailable as error:
        return _account_error_page(error)


@bp.get("/auth/google/callback")
@policy(public=True)
def google_callback() -> Any:
    """Receive the browser from the provider: sign in, or ask to confirm the link first."""
    person = signed_in()
    found: User | UnconfirmedLink
    try:
        answer = provider.finish_authorization()
        if answer.connect_to != (person.id if person else None):
            raise BadRequest("Someone else was logged in when this started. Please start again.")
        if person is not None:
            claims = answer.claims
            found = UnconfirmedLink(person.id, answer.issuer, claims.subject, claims.email or "")
        else:
            invitation = session.pop(_INVITATION_KEY, None)
            found = linked_accounts.sign_in_with_provider(
                answer.issuer, answer.claims, request_source(), invitation
            )
    except NotFound:
        raise
    except ChatError as error:
        return _start_again_page(error)
    if isinstance(found, UnconfirmedLink):
        store_pending_link(found, answer.next)
        return redirect(url_for("auth.google_confirm"), 303)
    start_session(found)
    return redirect(safe_next(answer.next), 303)


@bp.get("/auth/google/confirm")
@policy(public=True)
def google_confirm() -> Any:
    """Ask for the password of the account that the provider account would be connected to."""
    _check_provider_configured()
    try:
        pending = load_pending_link()
    except BadRequest as error:
        return _start_again_page(error)
    return _confirm_page(pending.link, Form())


@bp.post("/auth/google/confirm")
@policy(public=True)
def google_confirm_form() -> Any:
    """Connect the provider account after the password was entered, and sign in."""
    _check_provider_configured()
    try:
        pending = load_pending_link()
    except BadRequest as error:
        return _start_again_page(error)
    link, person = pending.link, signed_in()
    count_try()
    try:
        password = read_form(PasswordConfirmation).password
        if person is not None:
            reauthenticate(current_sign_in(), password)
            linked_accounts.connect(link)
        elif password:
            authenticated = linked_accounts.confirm_link(link, password, request_source())
        else:
            raise ValidationFailed(fields={"password": "This is required."})
    except FORM_ERRORS as exc:
        return refused_form(exc, lambda form: _confirm_page(link, form), secret=["password"])
    forget_pending_link()
    if person is None:
        start_session(authenticated.user, authenticated.password_hash)
    else:
        flash(f"Connected. You can now log in with {provider.provider_name()}.")
    return redirect(safe_next(pending.next), 303)


@account_section("connected")
def _connected_section(me: User) -> Mapping[str, Any]:
    links = linked_accounts.list_linked_accounts(me.id)
    return {
        "links": [{"link": link, "at": urlsplit(link.issuer).netloc} for link in links],
        "provider": provider.provider_name(),
        "needed": me.password_hash is None and len(links) < 2,
    }


@bp.post("/settings/account/disconnect")
@policy(personal=True)
@form_view(lambda form: account_page({"connected": Form(error=form.message)}))
def google_disconnect() -> Any:
    """Disconnect a provider account."""
    linked_accounts.disconnect(caller().id, read_form(DisconnectForm).id)
    flash("Disconnected.")
    return redirect(url_for("auth.settings_account"), 303)


def _check_provider_configured() -> None:
    if provider.provider_name() is None:
        raise NotFound()


def _start_again_page(error: ChatError) -> Response:
    """Show the error on the page where the person can start again."""
    return login_error_page(error) if signed_in() is None else _account_error_page(error)


def _account_error_page(error: ChatError) -> Response:
    return with_error(account_page({"connected": Form(error=error.message)}), error)


def _confirm_page(link: UnconfirmedLink, form: Form) -> str:
    person = signed_in()
    return render_template(
        "auth/google_confirm.html",
        form=form,
        link=link,
        provider=provider.provider_name(),
        has_password=person is None or person.password_hash is not None,
    )
