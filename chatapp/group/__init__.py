"""Groups. Their calls stand here as soon as there are groups."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("group", __name__)
