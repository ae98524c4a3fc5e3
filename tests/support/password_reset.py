"""Steps of resetting a password, in this process."""

from __future__ import annotations

from sqlalchemy import update

from chatapp.auth import service
from chatapp.core.db import atomic
from chatapp.models import User
from tests.support.world import register

NEW = "another good password"


def reset(nobody, token: str, password: str = NEW):
    return nobody.post("/api/auth/password/reset", {"token": token, "password": password})


def logs_in(nobody, email: str, password: str) -> bool:
    body = {"email": email, "password": password}
    return nobody.post("/api/auth/login", body).status_code == 200


def addresses(app) -> list[str]:
    """One that is somebody's, one of an account that is off, one without password, nobody's."""
    register(app, "Ada")
    off = register(app, "Bob")
    with app.app_context():
        service.create_account(service.NewAccount(email="google@example.org"))
        with atomic() as work:
            work.execute(update(User).where(User.id == off.id).values(is_active=False))
    return ["ada@example.org", off.email, "google@example.org", "nobody@example.org"]
