"""OpenID client: metadata, keys, ID tokens and claims of the configured provider.

Authlib speaks the protocol (authorization code, PKCE, state, nonce) over requests. This module adds
what Authlib leaves to its callers: timeouts of a few seconds, metadata that is read again every
hour, keys that are fetched again when they change, asymmetric signatures only, and the audience
check.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from joserfc.errors import BadSignatureError, JoseError
from pydantic import ValidationError

from chatapp.auth.oidc.http_session import BoundedSession
from chatapp.auth.oidc.schemas import OpenIdClaims
from chatapp.settings.urls import METADATA_PATH

#: Seconds to connect, and to wait for the next bytes of an answer.
HTTP_TIMEOUT_SECONDS = (3.05, 6)
METADATA_TTL_SECONDS = 3600
#: While the provider doesn't answer, its old metadata stays valid for this much longer.
_METADATA_GRACE_SECONDS = 60
#: How long a person may take at the provider.
PENDING_TTL_SECONDS = 600
#: Unfinished sign-ins of one browser.
_MAX_PENDING = 5
CLOCK_LEEWAY_SECONDS = 60
#: Only the provider can sign with these. `none` and HMAC are not among them.
_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}) | {
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
}
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")

#: What the libraries raise for a wrong, incomplete or unexpected answer.
PROTOCOL_ERRORS = (
    AuthlibBaseError,
    JoseError,
    ValidationError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
)


@lru_cache(maxsize=4)
def get_client(client_id: str, client_secret: str | None, metadata_url: str) -> OpenIdClient:
    """Return the client for this provider, which caches the provider's metadata and keys."""
    return OpenIdClient(
        _PendingSignIns("google"),
        name="google",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=metadata_url,
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": HTTP_TIMEOUT_SECONDS,
        },
    )


class OpenIdClient(FlaskOAuth2App):  # type: ignore[misc]
    """Client of one OpenID provider."""

    client_cls = BoundedSession

    server_metadata: dict[str, Any]

    def load_server_metadata(self) -> dict[str, Any]:
        """Return the provider's metadata, read again every hour if the provider answers."""
        age = time.time() - self.server_metadata.get("_loaded_at", 0)
        if age > METADATA_TTL_SECONDS:
            try:
                self.server_metadata = self._fetch_metadata()
            except (requests.RequestException, *PROTOCOL_ERRORS):
                if "_loaded_at" not in self.server_metadata:
                    raise
                self.server_metadata["_loaded_at"] += _METADATA_GRACE_SECONDS
        return self.server_metadata

    def _fetch_metadata(self) -> dict[str, Any]:
        url = self._server_metadata_url
        with self._get_session() as http:
            answer = http.get(url, withhold_token=True)
            answer.raise_for_status()
            document = answer.json()
        issuer = document["issuer"]
        if issuer.rstrip("/") != url.removesuffix(METADATA_PATH):
            raise ValueError(f"{url} names another issuer: {issuer}")
        endpoints = {name: document[name] for name in _ENDPOINTS if name in document}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if name not in endpoints:
                raise ValueError(f"{url} has no {name}")
        for name, endpoint in endpoints.items():
            if urlsplit(endpoint).scheme not in ("https", urlsplit(url).scheme):
                raise ValueError(f"{url} has an insecure {name}")
        algorithms = document.get("id_token_signing_alg_values_supported", [])
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" in methods or "client_secret_post" not in methods
        return endpoints | {
            "issuer": issuer,
            "id_token_signing_alg_values_supported": sorted(_ALGORITHMS & {*algorithms})
            or ["RS256"],
            "token_endpoint_auth_method": "client_secret_basic" if basic else "client_secret_post",
            "_loaded_at": time.time(),
        }

    @property
    def issuer(self) -> str:
        """The provider's identifier in its answers."""
        return str(self.load_server_metadata()["issuer"])

    def check_issuer(self, issuer: str | None) -> None:
        """Raise ValueError if an answer names another issuer (RFC 9207)."""
        if issuer is not None and issuer != self.issuer:
            raise ValueError("the answer is from another issuer")

    def parse_id_token(
        self,
        token: dict[str, Any],
        nonce: str,
        claims_options: Any = None,
        claims_cls: Any = None,
        leeway: int = CLOCK_LEEWAY_SECONDS,
    ) -> Any:
        """Verify the ID token and return its claims: its signature, audience and nonce."""
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
            # The provider may have a new key with the same id, or without one.
            before = self.server_metadata.get("jwks")
            if self.fetch_jwk_set(force=True) == before:
                raise
            return super().parse_id_token(token, nonce, options, leeway=leeway)

    def read_claims(self, token: dict[str, Any]) -> OpenIdClaims:
        """Return the claims; ask the userinfo endpoint if the ID token has no email.

        Raises ValueError, or pydantic's ValidationError, if the claims are unusable.
        """
        claims = dict(token["userinfo"])
        if "email" not in claims and "userinfo_endpoint" in self.server_metadata:
            userinfo = self.userinfo(token=token)
            if userinfo["sub"] != claims["sub"]:
                raise ValueError("userinfo is about another subject")
            claims = {**userinfo, **claims}
        return OpenIdClaims.model_validate(claims)


class _PendingSignIns(FlaskIntegration):  # type: ignore[misc]
    """A browser's unfinished sign-ins: few, for minutes, each good for one answer."""

    expires_in = PENDING_TTL_SECONDS

    def get_state_data(self, session: Any, state: str) -> dict[str, Any] | None:
        """Return the data stored for ``state``, unless it has expired."""
        self._clear_session_state(session)
        found: dict[str, Any] | None = super().get_state_data(session, state)
        return found

    def set_state_data(self, session: Any, state: str, data: Any) -> None:
        """Store the data, and forget the oldest entries if there are too many."""
        prefix = f"_state_{self.name}_"
        keys = sorted(
            (key for key in session if key.startswith(prefix)), key=lambda key: session[key]["exp"]
        )
        for key in keys[: max(0, len(keys) - _MAX_PENDING + 1)]:
            session.pop(key)
        super().set_state_data(session, state, data)
