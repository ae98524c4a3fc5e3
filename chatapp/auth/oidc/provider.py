"""Send browsers to the OpenID provider (Google or another) and read its answer."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import requests
from flask import Response, current_app, redirect, request, session

from chatapp.auth.oidc.client import (
    CLOCK_LEEWAY_SECONDS,
    PROTOCOL_ERRORS,
    OpenIdClient,
    get_client,
)
from chatapp.auth.oidc.schemas import OpenIdClaims
from chatapp.core.db import release_connection
from chatapp.core.errors import BadRequest, ChatError, Forbidden, NotFound, Unavailable
from config import Settings

log = logging.getLogger(__name__)

CALLBACK_PATH = "/auth/google/callback"

_NO_ANSWER = "{name} isn't answering. Try again in a moment, or log in with your password."
_NOT_STARTED_HERE = (
    "This sign-in has expired, was already used, or was started in another browser. "
    "Please start again from here."
)
_DENIED = "You didn't agree at {name}, so nothing has changed. You can try again at any time."
_UNTRUSTED = "The answer from {name} can't be trusted, so nothing has changed. Please try again."
_MISCONFIGURED = (
    "Signing in with {name} isn't set up correctly here. Please tell the administrator of this "
    "server, and log in with your password until it works."
)
_UNVERIFIED = (
    "{name} hasn't verified your email address. Verify it there and come back, "
    "or use an email address and a password here."
)


@dataclass(frozen=True, slots=True)
class AuthorizationResult:
    """The provider's claims about the person, and what this browser started the sign-in for."""

    issuer: str
    claims: OpenIdClaims
    next: str
    connect_to: str | None


def provider_name() -> str | None:
    """Return the provider's name if one is configured, else None."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.sign_in_provider


def start_authorization(next_path: str = "", connect_to: str | None = None) -> Response:
    """Redirect to the provider, and store in the session what its answer has to match.

    ``connect_to`` is the id of the user who wants to connect the provider account. Raises NotFound
    if no provider is configured, Unavailable if it doesn't answer.
    """
    client = _client()
    redirect_uri = current_app.config["SETTINGS"].base_url + CALLBACK_PATH
    release_connection()
    try:
        started = client.create_authorization_url(redirect_uri)
    except requests.RequestException as exc:
        raise _no_answer(exc) from None
    except PROTOCOL_ERRORS as exc:
        log.error("the OpenID provider can't be used: %s: %.300s", type(exc).__name__, exc)
        raise Unavailable(_NO_ANSWER.format(name=provider_name())) from None
    url = started.pop("url")
    client.save_authorize_data(
        redirect_uri=redirect_uri, next=next_path, connect_to=connect_to, **started
    )
    response: Response = redirect(url, 303)  # type: ignore[assignment]
    return response


def finish_authorization() -> AuthorizationResult:
    """Read the provider's answer in the request that brings the browser back.

    Raises BadRequest if this browser didn't start the sign-in, took too long or has finished it;
    Forbidden if the answer can't be trusted or its email isn't verified; Unavailable if the
    provider doesn't answer; NotFound if none is configured.
    """
    client = _client()
    state, code = request.args.get("state", ""), request.args.get("code", "")
    started = client.framework.get_state_data(session, state)
    if started is None:
        raise BadRequest(_NOT_STARTED_HERE)
    release_connection()
    try:
        if not code and "error" not in request.args:
            raise ValueError("the answer has no code")
        client.check_issuer(request.args.get("iss"))
        token = client.authorize_access_token(leeway=CLOCK_LEEWAY_SECONDS)
        claims = client.read_claims(token)
    except requests.RequestException as exc:
        raise _no_answer(exc) from None
    except PROTOCOL_ERRORS as exc:
        raise _refused(exc) from None
    finally:
        client.framework.clear_state_data(session, state)
    if not claims.email_verified or claims.email is None:
        raise Forbidden(_UNVERIFIED.format(name=provider_name()))
    return AuthorizationResult(client.issuer, claims, started["next"], started["connect_to"])


def _client() -> OpenIdClient:
    settings: Settings = current_app.config["SETTINGS"]
    if settings.google_client_id is None:
        raise NotFound()
    return get_client(
        settings.google_client_id, settings.google_client_secret, settings.oauth_metadata_url
    )


def _no_answer(exc: requests.RequestException) -> Unavailable:
    log.warning("the OpenID provider doesn't answer: %s", type(exc).__name__)
    return Unavailable(_NO_ANSWER.format(name=provider_name()))


def _refused(exc: Exception) -> ChatError:
    error = getattr(exc, "error", "")
    if error == "access_denied":
        return Forbidden(_DENIED.format(name=provider_name()))
    if error in ("invalid_client", "unauthorized_client"):
        log.error("the OpenID provider rejects GOOGLE_CLIENT_ID or its secret: %s", error)
        return Unavailable(_MISCONFIGURED.format(name=provider_name()))
    log.warning("refused an answer of the OpenID provider: %s: %.300s", type(exc).__name__, exc)
    return Forbidden(_UNTRUSTED.format(name=provider_name()))
