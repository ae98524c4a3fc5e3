"""People: profiles, settings, contacts and blocks, the directory, export and deletion."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("user", __name__)

from chatapp.user import (  # noqa: E402  (they register on bp)
    api,  # noqa: F401
    appearance_pages,  # noqa: F401
    data_pages,  # noqa: F401
    pages,  # noqa: F401
    relationship_api,  # noqa: F401
    relationship_pages,  # noqa: F401
    settings_pages,  # noqa: F401
)
