"""Signing in through Google, or whichever OpenID provider is configured, and connecting it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from flask import flash, redirect, render_template, request, session, url_for
from pydantic import ValidationError

from chatapp.auth import bp
from chatapp.auth.oidc import linked_accounts, provider
from chatapp.auth.oidc.linked_accounts import UnconfirmedLink
from chatapp.auth.oidc.schemas import DisconnectForm
from chatapp.auth.pages import login_form_with
from chatapp.auth.schemas import PasswordConfirmation
from chatapp.auth.settings_pages import account_page, account_section
from chatapp.auth.signin.browser_session import sign_in
from chatapp.auth.signin.reauthentication import reauthenticate
from chatapp.core.errors import (
    BadRequest,
    ChatError,
    NotFound,
    Unavailable,
    ValidationFailed,
    describe,
)
from chatapp.models import User
from chatapp.security.identity import caller, current_sign_in, signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_form

#: Seconds in which a link has to be confirmed, and how many passwords may be tried for it.
CONFIRM_WITHIN, _TRIES = 600, 5
_KEY = "unconfirmed_link"
_INVITATION = "invitation"


@bp.get("/auth/google")
@policy(public=True)
def google() -> Any:
    """Off to the provider, to sign in."""
    if provider.provider_name() is None:
        raise NotFound()
    if signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    session[_INVITATION] = request.args.get("invitation", "")[:200]
    try:
        return provider.start_authorization(safe_next(request.args.get("next")))
    except ChatError as error:
        return login_form_with(error)


@bp.get("/auth/google/connect")
def google_connect() -> Any:
    """Off to the provider, to connect an account there to one's own."""
    me = caller()
    try:
        return provider.start_authorization(url_for("auth.settings_account"), connect_to=me.id)
    except Unavailable as error:
        return _refused_on_page(error)


@bp.get("/auth/google/callback")
@policy(public=True)
def google_callback() -> Any:
    """Back from the provider: signed in, or on to what has to be confirmed first."""
    person = signed_in()
    found: User | UnconfirmedLink
    try:
        answer = provider.finish_authorization()
        if answer.connect_to != (person.id if person else None):
            raise BadRequest("Somebody else was logged in when this began. Please begin again.")
        if person is not None:
            claims = answer.claims
            found = UnconfirmedLink(person.id, answer.issuer, claims.subject, claims.email or "")
        else:
            invitation = session.pop(_INVITATION, None)
            found = linked_accounts.sign_in_with_provider(
                answer.issuer, answer.claims, request_source(), invitation
            )
    except NotFound:
        raise
    except ChatError as error:
        return _to_begin_again(error)
    if isinstance(found, UnconfirmedLink):
        session[_KEY] = {
            **asdict(found),
            "next": answer.next,
            "until": time.time() + CONFIRM_WITHIN,
            "tries": _TRIES,
        }
        return redirect(url_for("auth.google_confirm"), 303)
    sign_in(found)
    return redirect(safe_next(answer.next), 303)


@bp.get("/auth/google/confirm")
@policy(public=True)
def google_confirm() -> Any:
    """Asks for the password of the account that something shall be connected to."""
    try:
        link, _ = _unconfirmed()
    except BadRequest as gone:
        return _to_begin_again(gone)
    return _confirm_page(link, Form())


@bp.post("/auth/google/confirm")
@policy(public=True)
def google_confirm_form() -> Any:
    """Connect what was to be confirmed, and sign in."""
    try:
        link, kept = _unconfirmed()
    except BadRequest as gone:
        return _to_begin_again(gone)
    session[_KEY] = {**kept, "tries": kept["tries"] - 1}
    person = signed_in()
    try:
        password = read_form(PasswordConfirmation).password
        if person is not None:
            reauthenticate(current_sign_in(), password)
            linked_accounts.connect(link)
        elif password:
            proven = linked_accounts.confirm_link(link, password, request_source())
        else:
            raise ValidationFailed(fields={"password": "This is required."})
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        page = _confirm_page(link, refused(error, secret=["password"]))
        return page, error.status, waiting(error)
    session.pop(_KEY)
    if person is None:
        sign_in(proven.user, proven.password_hash)
    else:
        flash(f"Connected. From now on you can log in with {provider.provider_name()}.")
    return redirect(safe_next(kept["next"]), 303)


@account_section("connected")
def _connected(me: User) -> Mapping[str, Any]:
    links = linked_accounts.list_linked_accounts(me.id)
    return {
        "links": [{"link": link, "at": urlsplit(link.issuer).netloc} for link in links],
        "provider": provider.provider_name(),
        "needed": me.password_hash is None and len(links) < 2,
    }


@bp.post("/settings/account/disconnect")
@policy(personal=True)
def google_disconnect() -> Any:
    """What was connected signs one in no more."""
    me = caller()
    try:
        linked_accounts.disconnect(me.id, read_form(DisconnectForm).id)
    except (ChatError, ValidationError) as exc:
        return _refused_on_page(describe(exc))
    flash("Disconnected.")
    return redirect(url_for("auth.settings_account"), 303)


def _to_begin_again(error: ChatError) -> tuple[str, int, dict[str, str]]:
    """Why it came to nothing, on the page from which one begins."""
    return login_form_with(error) if signed_in() is None else _refused_on_page(error)


def _refused_on_page(error: ChatError) -> tuple[str, int, dict[str, str]]:
    return (
        account_page(refused={"connected": Form(error=error.message)}),
        error.status,
        waiting(error),
    )


def _unconfirmed() -> tuple[UnconfirmedLink, dict[str, Any]]:
    """What this browser's session keeps to be confirmed, for minutes, and what is kept with it.

    Raises BadRequest where there is nothing, or no longer; NotFound where there never can be.
    """
    if provider.provider_name() is None:
        raise NotFound()
    kept: dict[str, Any] = session.get(_KEY) or {"until": 0, "tries": 0}
    person = signed_in()
    theirs = person is None or person.id == kept.get("user_id")
    if kept["until"] < time.time() or kept["tries"] < 1 or not theirs:
        session.pop(_KEY, None)
        raise BadRequest("There is nothing to confirm any more. Please begin again.")
    link = UnconfirmedLink(**{name: kept[name] for name in UnconfirmedLink.__dataclass_fields__})
    return link, kept


def _confirm_page(link: UnconfirmedLink, form: Form) -> str:
    person = signed_in()
    return render_template(
        "auth/google_confirm.html",
        form=form,
        link=link,
        provider=provider.provider_name(),
        has_password=person is None or person.password_hash is not None,
    )
