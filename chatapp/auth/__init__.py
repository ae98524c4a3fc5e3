"""Accounts: registering, signing in and out."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)

from chatapp.auth import (  # noqa: E402, F401  (they register on bp)
    api,
    google_pages,
    link_api,
    link_pages,
    pages,
    service_api,
    settings_pages,
    sign_in_api,
    sign_in_pages,
)
