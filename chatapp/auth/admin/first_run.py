"""The first administrator: whoever enters the code that the first start printed."""

from __future__ import annotations

from pathlib import Path

from flask import current_app

from chatapp.auth import service
from chatapp.auth.admin import accounts
from chatapp.auth.schemas import Registration
from chatapp.core.errors import NotFound, ValidationFailed
from chatapp.models import User
from chatapp.security import attempt_limits, audit, setup_code
from chatapp.security.request_source import Source

DONE = (
    "This server is set up already. Whoever runs it can name another administrator: "
    "flask --app wsgi user staff NAME"
)


def is_open() -> bool:
    """Whether the code waits for somebody to enter it."""
    return setup_code.read(_folder()) is not None


def check_code(code: str, source: Source) -> None:
    """Raises ValidationFailed for another code, NotFound where none is waited for, RateLimited."""
    attempt_limits.refuse(attempt_limits.LINKS, source.network)
    waiting = setup_code.read(_folder())
    if waiting is None:
        raise NotFound(DONE)
    if not setup_code.matches(waiting, code):
        attempt_limits.allows(attempt_limits.LINKS, source.network)
        audit.note("setup refused", address=source.address)
        words = "This isn't the code. It stands where chatapp was started, and in its log."
        raise ValidationFailed(words, fields={"code": words})


def become_administrator(user_id: str, code: str, source: Source) -> None:
    """This person is the administrator, and the code is used up. Raises as `check_code`."""
    check_code(code, source)
    with setup_code.claimed(_folder()) as ours:
        if not ours:
            raise NotFound(DONE)
        accounts.set_administrator(user_id, True)


def register_administrator(new: Registration, code: str, source: Source) -> User:
    """A new account for the administrator, and the code is used up; REGISTRATION doesn't matter.

    Raises as `check_code`, and Conflict where address or name is taken.
    """
    check_code(code, source)
    with setup_code.claimed(_folder()) as ours:
        if not ours:
            raise NotFound(DONE)
        user = service.register_admitted(new, source)
        accounts.set_administrator(user.id, True)
    return user


def _folder() -> Path:
    folder: Path = current_app.config["SETTINGS"].instance_dir
    return folder
