"""What the tests here share."""

from __future__ import annotations

import pytest

from chatapp.auth.service_accounts import tokens as service_tokens
from chatapp.core.db import atomic
from chatapp.models import User
from tests.support.services import Service


@pytest.fixture
def service(app):
    """`service("users:write")` has a new token with these scopes."""

    def make(*scopes, name=None):
        with app.app_context():
            return Service(
                app, service_tokens.create_service_token(name or f"crm {len(scopes)}", scopes)
            )

    return make


@pytest.fixture
def change(app):
    """`change(person, is_staff=True)` in the database."""

    def make(person, **values):
        with app.app_context(), atomic() as work:
            user = work.get_one(User, person.id)
            for name, value in values.items():
                setattr(user, name, value)

    return make


@pytest.fixture
def flask_command(app):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["token", *words])
