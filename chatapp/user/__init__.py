"""People: who there is."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("user", __name__)

from chatapp.user import api, appearance_pages, data_pages, pages  # noqa: E402, F401  (they register on bp)
