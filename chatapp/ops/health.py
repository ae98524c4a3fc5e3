"""`/health`, for load balancers and monitoring."""

from __future__ import annotations

from flask import Flask

from chatapp.security.view_policy import policy


def init_app(app: Flask) -> None:
    """Add the route."""
    app.add_url_rule("/health", "health", _health)


@policy(public=True)
def _health() -> dict[str, str]:
    """Answer as soon as the process serves, without asking the database."""
    return {"status": "ok"}
