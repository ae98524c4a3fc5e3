"""Administration: accounts, invitations, the first administrator."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.admin import api, pages, setup_pages
