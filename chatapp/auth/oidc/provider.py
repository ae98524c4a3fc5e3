"""The OpenID provider that people can sign in with: Google, or whichever one is configured.

Authlib speaks the protocol (authorization code, PKCE, state, nonce) over requests. What is added
here: answers are awaited for seconds only, what the provider says of itself is read anew every
hour, keys that it changed are fetched, signatures are asymmetric, and the audience is checked,
which Authlib leaves to the caller.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import Response, current_app, redirect, request, session
from joserfc.errors import BadSignatureError, JoseError
from pydantic import ValidationError

from chatapp.auth.schemas import OpenIdClaims
from chatapp.core.db import release
from chatapp.core.errors import BadRequest, ChatError, Forbidden, NotFound, Unavailable
from config import Settings
from config_values import METADATA_PATH

log = logging.getLogger(__name__)

CALLBACK = "/auth/google/callback"
#: Seconds to connect, and to wait for more of an answer.
PATIENCE = (3.05, 6)
#: Seconds after which metadata and keys are fetched anew.
FRESH_FOR = 3600
#: Seconds that someone may take at the provider.
PENDING_FOR = 600
#: Sign-ins that one browser may have begun and not ended.
_MOST_PENDING = 5
#: Seconds by which the provider's clock may differ.
_LEEWAY = 60
#: With a public key nobody but the provider can sign; `none` and HMAC are not among them.
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) | {
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")

#: What a wrong, incomplete or surprising answer raises in the libraries.
_SURPRISES = (
    AuthlibBaseError,
    JoseError,
    ValidationError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Who the provider says it is, and what this browser had set out to do."""

    issuer: str
    claims: OpenIdClaims
    next: str
    connect_to: str | None


def offered() -> str | None:
    """The provider's name where people can sign in with it, else None."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.oauth_name if settings.google_client_id else None


def begin(next_path: str = "", connect_to: str | None = None) -> Response:
    """Off to the provider; this browser's session keeps what its answer has to match.

    ``connect_to`` is the account that the answer shall be connected to. Raises NotFound where no
    provider is configured, Unavailable where it doesn't answer.
    """
    provider = _provider()
    redirect_uri = current_app.config["SETTINGS"].base_url + CALLBACK
    release()
    try:
        started = provider.create_authorization_url(redirect_uri)
    except requests.RequestException as exc:
        raise _down(exc) from None
    except _SURPRISES as exc:
        log.error("the OpenID provider can't be used: %s: %.300s", type(exc).__name__, exc)
        raise Unavailable(_DOWN.format(name=offered())) from None
    url = started.pop("url")
    provider.save_authorize_data(
        redirect_uri=redirect_uri, next=next_path, connect_to=connect_to, **started
    )
    response: Response = redirect(url, 303)  # type: ignore[assignment]
    return response


def finish() -> Answer:
    """What the provider answers, in the request that brings the browser back from it.

    Raises BadRequest where this browser didn't ask for this answer, asked too long ago, or had it
    already; Forbidden where the answer isn't to be trusted or the address in it isn't verified;
    Unavailable where the provider doesn't answer; NotFound where none is configured.
    """
    provider = _provider()
    state, code = request.args.get("state", ""), request.args.get("code", "")
    begun = provider.framework.get_state_data(session, state)
    if begun is None:
        raise BadRequest(_NOT_ASKED)
    release()
    try:
        if not code and "error" not in request.args:
            raise ValueError("an answer without a code")
        provider.check_sender(request.args.get("iss"))
        claims = provider.claims(provider.authorize_access_token(leeway=_LEEWAY))
    except requests.RequestException as exc:
        raise _down(exc) from None
    except _SURPRISES as exc:
        raise _refusal(exc) from None
    finally:
        provider.framework.clear_state_data(session, state)
    if not claims.email_verified or claims.email is None:
        raise Forbidden(_UNVERIFIED.format(name=offered()))
    return Answer(provider.issuer, claims, begun["next"], begun["connect_to"])


_DOWN = "{name} doesn't answer just now. Try again in a moment, or log in with your password."
_NOT_ASKED = (
    "This sign-in has expired, was used already, or was begun in another browser. "
    "Please begin again from here."
)
_DENIED = "You didn't agree at {name}, so nothing has changed. You can try again at any time."
_DISTRUSTED = "The answer of {name} can't be trusted, so nothing has changed. Please try again."
_MISCONFIGURED = (
    "Signing in with {name} isn't set up correctly here. Tell whoever runs this server, "
    "and log in with your password meanwhile."
)
_UNVERIFIED = (
    "{name} hasn't verified your e-mail address. Verify it there and come back, "
    "or use an e-mail address and a password here."
)


def _down(exc: requests.RequestException) -> Unavailable:
    log.warning("the OpenID provider doesn't answer: %s", type(exc).__name__)
    return Unavailable(_DOWN.format(name=offered()))


def _refusal(exc: Exception) -> ChatError:
    error = getattr(exc, "error", "")
    if error == "access_denied":
        return Forbidden(_DENIED.format(name=offered()))
    if error in ("invalid_client", "unauthorized_client"):
        log.error("the OpenID provider doesn't know GOOGLE_CLIENT_ID or its secret: %s", error)
        return Unavailable(_MISCONFIGURED.format(name=offered()))
    log.warning("an OpenID answer is refused: %s: %.300s", type(exc).__name__, exc)
    return Forbidden(_DISTRUSTED.format(name=offered()))


class _Pending(FlaskIntegration):  # type: ignore[misc]
    """Sign-ins that this browser began: few, for minutes, each good for one answer."""

    expires_in = PENDING_FOR

    def get_state_data(self, session: Any, state: str) -> dict[str, Any] | None:
        """What was kept for ``state``, unless it is too old."""
        self._clear_session_state(session)
        found: dict[str, Any] | None = super().get_state_data(session, state)
        return found

    def set_state_data(self, session: Any, state: str, data: Any) -> None:
        """Keep it, and forget the oldest where there are too many."""
        prefix = f"_state_{self.name}_"
        kept = sorted(
            (key for key in session if key.startswith(prefix)), key=lambda key: session[key]["exp"]
        )
        for key in kept[: max(0, len(kept) - _MOST_PENDING + 1)]:
            session.pop(key)
        super().set_state_data(session, state, data)


class _Provider(FlaskOAuth2App):  # type: ignore[misc]
    """One OpenID provider."""

    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself, an hour old at most; older while it doesn't answer."""
        if time.time() - self.server_metadata.get("_loaded_at", 0) > FRESH_FOR:
            try:
                self.server_metadata = self._read_metadata()
            except (requests.RequestException, *_SURPRISES):
                if "_loaded_at" not in self.server_metadata:
                    raise
                self.server_metadata["_loaded_at"] += 60  # what was known serves a while longer
        return self.server_metadata

    def _read_metadata(self) -> dict[str, Any]:
        url = self._server_metadata_url
        with self._get_session() as http:
            answer = http.get(url, withhold_token=True)
            answer.raise_for_status()
            told = answer.json()
        if told["issuer"].rstrip("/") != url.removesuffix(METADATA_PATH):
            raise ValueError(f"{url} calls itself {told['issuer']}")
        found = {name: told[name] for name in _ENDPOINTS if name in told}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if name not in found:
                raise ValueError(f"{url} names no {name}")
        for name, address in found.items():
            if urlsplit(address).scheme not in ("https", urlsplit(url).scheme):
                raise ValueError(f"{url} has an insecure {name}")
        signing = told.get("id_token_signing_alg_values_supported", [])
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" in methods or "client_secret_post" not in methods
        return found | {
            "issuer": told["issuer"],
            "id_token_signing_alg_values_supported": sorted(_ALGORITHMS & {*signing}) or ["RS256"],
            "token_endpoint_auth_method": "client_secret_basic" if basic else "client_secret_post",
            "_loaded_at": time.time(),
        }

    @property
    def issuer(self) -> str:
        """What the provider calls itself in its answers."""
        return str(self.load_server_metadata()["issuer"])

    def check_sender(self, issuer: str | None) -> None:
        """Raise ValueError where an answer says that it is of another provider (RFC 9207)."""
        if issuer is not None and issuer != self.issuer:
            raise ValueError("an answer of another issuer")

    def parse_id_token(
        self,
        token: dict[str, Any],
        nonce: str,
        claims_options: Any = None,
        claims_cls: Any = None,
        leeway: int = _LEEWAY,
    ) -> Any:
        """The claims of a token that was signed by this provider, for us, for this sign-in."""
        options = {
            "iss": {"essential": True, "values": [self.issuer]},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        try:
            return super().parse_id_token(token, nonce, options, leeway=leeway)
        except BadSignatureError:
            # Another key under the same id, or under none.
            before = self.server_metadata.get("jwks")
            if self.fetch_jwk_set(force=True) == before:
                raise
            return super().parse_id_token(token, nonce, options, leeway=leeway)

    def claims(self, token: dict[str, Any]) -> OpenIdClaims:
        """Who the tokens are of; asked for where the ID token doesn't say the address.

        Raises ValueError, or pydantic's ValidationError, where they say nothing usable.
        """
        claims = dict(token["userinfo"])
        if "email" not in claims and "userinfo_endpoint" in self.server_metadata:
            told = self.userinfo(token=token)
            if told["sub"] != claims["sub"]:
                raise ValueError("userinfo is about somebody else")
            claims = {**told, **claims}
        return OpenIdClaims.model_validate(claims)


def _provider() -> _Provider:
    settings: Settings = current_app.config["SETTINGS"]
    if settings.google_client_id is None:
        raise NotFound()
    return provider(
        settings.google_client_id, settings.google_client_secret, settings.oauth_metadata_url
    )


@lru_cache(maxsize=4)
def provider(client_id: str, client_secret: str | None, metadata_url: str) -> _Provider:
    """The provider at this address; it remembers what it read there."""
    return _Provider(
        _Pending("google"),
        name="google",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=metadata_url,
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": PATIENCE,
        },
    )
