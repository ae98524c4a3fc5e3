"""Signing in and out, and the list of places where a person is signed in."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.signin import api, pages
