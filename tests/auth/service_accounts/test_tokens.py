"""Service tokens: the command line, and tokens of people that services ask for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from chatapp.auth.service_accounts import tokens as service_tokens
from chatapp.auth.service_accounts import users
from chatapp.auth.service_accounts.schemas import TokenRequest
from chatapp.core.db import db
from chatapp.core.errors import Conflict, NotFound, Unauthenticated, ValidationFailed
from chatapp.models import ServiceToken
from chatapp.security.identity import Client
from chatapp.security.scopes import SCOPES
from chatapp.security.service_tokens import PREFIX
from tests.support.services import code
from tests.support.world import Api


def test_a_token_is_printed_once_and_kept_hashed(app, flask_command):
    made = flask_command("create", "crm", "--scope", "chat:write, users:read")
    assert made.exit_code == 0, made.output
    assert re.fullmatch(PREFIX + r"[A-Za-z0-9_-]{43}\n", made.stdout), "the token and nothing else"
    assert "can't be shown again" in made.stderr
    token = made.stdout.strip()
    with app.app_context():
        row = db.session.scalars(select(ServiceToken)).one()
        assert row.scopes == "users:read chat:write"
        assert token not in str(vars(row))
        assert token.removeprefix(PREFIX) not in str(vars(row))
    listed = flask_command("list").stdout
    assert listed.startswith("crm\tusers:read,chat:write\tmade 20")
    assert "never used" in listed
    assert token not in listed


def test_the_command_line_says_what_is_wrong(flask_command):
    assert "No service tokens yet" in flask_command("list").stdout
    wrong = flask_command("create", "crm", "--scope", "chat:write,chat:admin")
    assert wrong.exit_code == 1
    assert "There is no scope chat:admin. The scopes are: users:read, " in wrong.stderr
    assert wrong.stdout == ""
    assert flask_command("create", "crm", "--scope", " , ").exit_code == 1
    assert flask_command("create", "crm").exit_code == 2
    assert flask_command("create", "crm", "--scope", "chat:read").exit_code == 0
    again = flask_command("create", "crm", "--scope", "chat:read")
    assert "already" in again.stderr
    assert flask_command("revoke", "cms").exit_code == 1
    assert flask_command("revoke", "crm").exit_code == 0
    assert "revoked 20" in flask_command("list").stdout
    assert flask_command("revoke", "crm").exit_code == 1, "there is no live one of this name"
    assert flask_command("create", "crm", "--scope", "chat:read").exit_code == 0


def test_names_and_scopes_of_tokens(context):
    for name in ("", " ", "x" * 81):
        with pytest.raises(ValidationFailed):
            service_tokens.create_service_token(name, {"chat:read"})
    assert service_tokens.create_service_token(
        " crm ", {"chat:read"}
    ) != service_tokens.create_service_token("b", SCOPES)
    with pytest.raises(Conflict):
        service_tokens.create_service_token("crm", {"chat:read"})
    with pytest.raises(NotFound):
        service_tokens.revoke_service_token("nobody")


def test_a_user_token_acts_as_the_user(service, world, app, change):
    crm = service("tokens:write")
    change(world.alice, external_id="crm:1")
    for whose in (
        {"user_id": world.alice.id},
        {"external_id": "crm:1"},
        {"user_id": world.alice.id, "external_id": "crm:1"},
    ):
        answer = crm.post("/api/service/tokens", whose)
        assert answer.status_code == 200, answer.text
        assert set(answer.get_json()) == {"token", "expires_at"}
        me = Api(app, answer.get_json()["token"]).get("/api/users/me").get_json()
        assert me["id"] == world.alice.id


def test_a_token_lifetime_is_capped(service, world, app):
    crm = service("tokens:write")
    longest = app.config["SETTINGS"].jwt_expiration
    for wanted, seconds in ((60, 60), (10**15, longest.total_seconds())):
        asked = {"user_id": world.alice.id, "expires_in": wanted}
        body = crm.post("/api/service/tokens", asked).get_json()
        left = datetime.fromisoformat(body["expires_at"]) - datetime.now(UTC)
        assert timedelta(seconds=seconds - 10) < left <= timedelta(seconds=seconds)
    for wrong in (0, -1, 1.5, "60", True):
        asked = {"user_id": world.alice.id, "expires_in": wrong}
        assert crm.post("/api/service/tokens", asked).status_code == 422, wrong


def test_people_that_get_no_service_issued_token(service, world, change):
    crm = service("tokens:write")
    change(world.bob, is_staff=True)
    change(world.carol, is_active=False)
    change(world.alice, external_id="crm:1")
    answers = [
        crm.post("/api/service/tokens", whose)
        for whose in (
            {"user_id": world.bob.id},
            {"user_id": world.carol.id},
            {"user_id": "00000000-0000-4000-8000-000000000000"},
            {"external_id": "nobody's"},
            {"user_id": world.bob.id, "external_id": "crm:1"},
        )
    ]
    assert {answer.get_data() for answer in answers} == {answers[0].get_data()}
    assert code(answers[0]) == (404, "not_found")
    for nobody in ({}, {"user_id": "me"}, {"user_id": None}):
        assert crm.post("/api/service/tokens", nobody).status_code == 422, nobody


def test_a_token_ends_with_the_service_that_asked_for_it(app, service, world, flask_command):
    crm, other = service("tokens:write", name="crm"), service("tokens:write", name="other")
    asked = {"user_id": world.alice.id}
    tokens = [one.post("/api/service/tokens", asked).get_json()["token"] for one in (crm, other)]
    assert flask_command("revoke", "crm").exit_code == 0
    answers = [Api(app, token).get("/api/users/me").status_code for token in tokens]
    assert answers == [401, 200]
    assert world.alice.api.get("/api/users/me").status_code == 200


def test_no_token_is_issued_after_a_concurrent_revocation(context):
    service_tokens.create_service_token("crm", {"tokens:write"})
    known = db.session.scalars(select(ServiceToken)).one()
    service_tokens.revoke_service_token("crm")
    with pytest.raises(Unauthenticated):
        users.issue_user_token(known, TokenRequest(external_id="x"), Client("", None))


def test_services_cannot_act_for_administrators(app, service, world, change):
    issued = service("tokens:write").post("/api/service/tokens", {"user_id": world.alice.id})
    theirs = Api(app, issued.get_json()["token"])
    assert theirs.get("/api/users/me").status_code == 200
    change(world.alice, is_staff=True)
    assert theirs.get("/api/users/me").status_code == 401
    assert world.alice.api.get("/api/users/me").status_code == 200, "her own token counts"
