"""Accounts: registering, signing in and out, one's own settings, what administrators do."""

# ruff: noqa: E402, F401  (the modules below register on bp)
from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)

from chatapp.auth import (
    admin_api,
    admin_pages,
    api,
    email_pages,
    google_pages,
    link_api,
    link_pages,
    pages,
    service_api,
    settings_pages,
    setup_pages,
    sign_in_api,
    sign_in_pages,
)
