"""People whom a service creates by its own id for them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from chatapp.core.db import db
from chatapp.models import User
from tests.support.services import GRACE, code
from tests.support.world import PASSWORD


def test_a_user_is_created_once_per_external_id(app, service):
    crm = service("users:write")
    made = crm.post("/api/service/users", GRACE)
    assert made.status_code == 201, made.text
    user = made.get_json()
    assert (user["username"], user["name"], user["external_id"]) == (
        "grace",
        "Grace Hopper",
        "crm:42",
    )
    assert "email" not in user
    again = crm.post("/api/service/users", {**GRACE, "name": "Other", "username": "other"})
    assert again.status_code == 200
    assert again.get_json() == user, "nothing is changed"
    with app.app_context():
        row = db.session.scalars(select(User)).one()
        assert row.password_hash is None
        assert row.last_login is None
        assert not row.is_staff


def test_taken_emails_conflict_and_accounts_are_not_taken_over(service, world, app):
    crm = service("users:write")
    for field, value in (("email", "Alice@example.org"), ("username", "ALICE")):
        answer = crm.post("/api/service/users", {**GRACE, field: value})
        assert code(answer) == (409, "conflict")
        assert set(answer.get_json()["error"]["fields"]) == {field}
    with app.app_context():
        assert db.session.scalar(select(User).where(User.external_id.is_not(None))) is None
    assert crm.post("/api/service/users", {**GRACE, "email": "g@example.org"}).status_code == 201


def test_fields_of_a_user(service, app):
    crm = service("users:write")
    for wrong in (
        {"username": None},
        {"username": "x"},
        {"name": ""},
        {"external_id": ""},
        {"external_id": 42},
        {"external_id": "x" * 256},
        {"email": "grace@"},
    ):
        assert crm.post("/api/service/users", {**GRACE, **wrong}).status_code == 422, wrong
    raised = {**GRACE, "is_staff": True, "is_superuser": True, "password_hash": "x", "id": "x"}
    assert crm.post("/api/service/users", raised).status_code == 201
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert not user.is_staff
        assert not user.is_superuser
        assert user.password_hash is None


@pytest.mark.database
@pytest.mark.slow
def test_concurrent_calls_create_one_user(app, service):
    from tests.support.people import at_once

    crm = service("users:write")
    answers = at_once([lambda: crm.post("/api/service/users", GRACE) for _ in range(8)])
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1


def test_deleting_an_account_frees_its_external_id(service, world, app, change):
    crm = service("users:write")
    change(world.alice, external_id="crm:42")
    assert world.alice.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    made = crm.post("/api/service/users", GRACE)
    assert made.status_code == 201
    assert made.get_json()["id"] != world.alice.id
