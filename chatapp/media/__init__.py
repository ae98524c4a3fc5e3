"""Pictures of people and groups, and backgrounds: stored here, and shown only from here."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("pictures", __name__)

from chatapp.media import api, pages  # noqa: E402, F401  (they register on bp)
