"""Guessing passwords, in this process."""

from __future__ import annotations

from tests.support.world import Api

WRONG = "not the password"


def log_in(app, name: str, password: str, address: str = "192.0.2.1"):
    return Api(app, None).call(
        "POST",
        "/api/auth/login",
        {"email": name, "password": password},
        environ_base={"REMOTE_ADDR": address},
    )


def lock(app, name: str) -> None:
    for number in range(5):
        assert log_in(app, name, WRONG, f"198.51.100.{number}").status_code == 401
