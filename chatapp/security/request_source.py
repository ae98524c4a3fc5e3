"""Where a try to sign in comes from: an address, and perhaps a browser that has signed in before.

A browser that signs in gets a device cookie (OWASP, "Device cookies"): its owner isn't locked out
by what strangers try elsewhere, since its own tries are counted apart. It proves nothing else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from chatapp.security.client_address import network
from config import Settings

_LIFETIME = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Source:
    """An address; for a known device also its id and its owner."""

    address: str
    device_id: str | None = None
    device_of: str | None = None

    @property
    def network(self) -> str:
        """Return what is counted as one address."""
        return network(self.address)


def request_source() -> Source:
    """Return where this request comes from."""
    device = _device()
    address = request.remote_addr or ""
    return Source(address, device[1], device[0]) if device else Source(address)


def remember_device(user_id: str) -> None:
    """Mark the browser that gets this request's answer as a device of this person."""
    known = _device()
    device_id = known[1] if known and known[0] == user_id else secrets.token_urlsafe(16)
    settings: Settings = current_app.config["SETTINGS"]

    @after_this_request
    def tell(response: Response) -> Response:
        response.set_cookie(
            _cookie(settings),
            _signer(settings).dumps([user_id, device_id]),
            max_age=_LIFETIME,
            secure=settings.base_url.startswith("https:"),
            httponly=True,
            samesite="Lax",
        )
        return response


def _device() -> tuple[str, str] | None:
    """Return the device's owner and its id, if the request carries a cookie that we signed."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        user_id, device_id = _signer(settings).loads(
            request.cookies.get(_cookie(settings), ""), max_age=int(_LIFETIME.total_seconds())
        )
    except (BadSignature, ValueError, TypeError):
        return None
    return user_id, device_id


def _cookie(settings: Settings) -> str:
    prefix = "__Host-" if settings.base_url.startswith("https:") else ""
    return f"{prefix}chatapp_device"


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="device")
