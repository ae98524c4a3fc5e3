"""Groups: conversations of many, with roles."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("group", __name__)

from chatapp.group import api  # noqa: E402, F401  (it registers on bp)
