"""Links sent by email: confirm an address, change an address, reset a password."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.mailed_links import api, confirmation_pages, email_change_pages, reset_pages
