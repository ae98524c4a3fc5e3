"""chatapp: real-time chat for a team that hosts it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The whole application, bound to ``settings`` (by default those of `.env` and environment).

    Imports stand inside: whoever needs one module of the package doesn't load all of them.
    """
    from chatapp.factory import build

    return build(settings)
