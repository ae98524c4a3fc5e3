"""Groups: conversations with a name and roles."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("group", __name__)

from chatapp.group import (  # noqa: E402, F401  (they register on bp)
    api,
    link_api,
    link_pages,
    member_api,
    pages,
    picture_pages,
)
