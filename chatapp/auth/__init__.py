"""Accounts: registering, signing in and out, account settings, administration.

The modules here are shared; each sub-package is one area with its use cases and its doors.
"""

# ruff: noqa: E402, F401  (the modules below register on bp)
from __future__ import annotations

from flask import Blueprint

bp = Blueprint("auth", __name__)

from chatapp.auth import (
    admin,
    api,
    mailed_links,
    oidc,
    pages,
    service_accounts,
    settings_pages,
    signin,
)
