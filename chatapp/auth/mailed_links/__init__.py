"""Links sent by email: confirm an address, reset a password, change an address."""

# ruff: noqa: F401  (the modules below register their routes on the blueprint)
from __future__ import annotations

from chatapp.auth.mailed_links import api, email_pages, pages
