"""First run: the setup code that the first start prints creates the first administrator."""

from __future__ import annotations

from pathlib import Path

from flask import current_app

from chatapp.auth import service
from chatapp.auth.admin import accounts
from chatapp.auth.schemas import Registration
from chatapp.core.errors import NotFound, ValidationFailed
from chatapp.models import User
from chatapp.security import attempt_limits, attempt_rules, audit, setup_code
from chatapp.security.request_source import Source

ALREADY_SET_UP = (
    "This server is already set up. To add an administrator, run this command on the server: "
    "flask --app wsgi user staff NAME"
)
_WRONG_CODE = "That isn't the code. You find it where chatapp was started, and in its log."


def is_setup_open() -> bool:
    """Return whether the setup code can still be used."""
    return setup_code.read(_instance_dir()) is not None


def check_code(code: str, source: Source) -> None:
    """Check the setup code that was entered.

    Raises ValidationFailed for a wrong code, NotFound if the server is set up, RateLimited.
    """
    attempt_limits.check(attempt_rules.LINKS, source.network)
    expected = setup_code.read(_instance_dir())
    if expected is None:
        raise NotFound(ALREADY_SET_UP)
    if not setup_code.matches(expected, code):
        attempt_limits.try_spend(attempt_rules.LINKS, source.network)
        audit.note("setup refused", address=source.address)
        raise ValidationFailed(_WRONG_CODE, fields={"code": _WRONG_CODE})


def promote_to_administrator(user_id: str, code: str, source: Source) -> None:
    """Use up the code and make an existing account the administrator. Raises as `check_code`."""
    check_code(code, source)
    with setup_code.claimed(_instance_dir()) as claimed:
        if not claimed:
            raise NotFound(ALREADY_SET_UP)
        accounts.set_administrator(user_id, True)


def register_administrator(new: Registration, code: str, source: Source) -> User:
    """Use up the code and create an administrator's account, whatever REGISTRATION says.

    Raises as `check_code`, and Conflict if the email or username is taken.
    """
    check_code(code, source)
    with setup_code.claimed(_instance_dir()) as claimed:
        if not claimed:
            raise NotFound(ALREADY_SET_UP)
        user = service.register_admitted(new, source)
        accounts.set_administrator(user.id, True)
    return user


def _instance_dir() -> Path:
    folder: Path = current_app.config["SETTINGS"].instance_dir
    return folder
