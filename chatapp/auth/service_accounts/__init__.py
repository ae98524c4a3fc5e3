"""Tokens for outer applications that act on behalf of people."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.service_accounts import api
