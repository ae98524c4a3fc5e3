"""Signing in with Google or another OpenID provider."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.oidc import pages
