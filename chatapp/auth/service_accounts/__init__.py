"""Service accounts: tokens of external applications that act on behalf of users."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.service_accounts import api
