"""Conversations, messages and read pointers, for all doors."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("chat", __name__)

from chatapp.chat import api, notification_pages, pages, sockets  # noqa: E402, F401  (they register themselves)
