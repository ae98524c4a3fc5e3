"""Service tokens: the command line, their own calls, and acting for people within their scopes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from chatapp.auth.service_accounts import tokens as service_tokens
from chatapp.auth.service_accounts.schemas import TokenRequest
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, NotFound, Unauthenticated, ValidationFailed
from chatapp.models import ServiceToken, User
from chatapp.security.identity import Client
from chatapp.security.scopes import SCOPES
from chatapp.security.service_accounts import PREFIX, USED_WITHIN
from chatapp.security.view_policy import policy, policy_of
from tests.support.world import PASSWORD, Api

GRACE = {"username": "grace", "name": "Grace Hopper", "external_id": "crm:42"}


class Service(Api):
    """Calls with a service token; `call(..., as_=person)` on a person's behalf."""

    def call(self, method, path, json=None, as_=None, **kwargs):
        if as_ is not None:
            kwargs["headers"] = {"On-Behalf-Of": getattr(as_, "id", as_)}
        return super().call(method, path, json, **kwargs)


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


def code(answer):
    return answer.status_code, answer.get_json()["error"]["code"]


# --- which calls there are for services ---


def rest_views(app):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            yield rule, app.view_functions[rule.endpoint]


def test_every_rest_call_says_what_it_takes_of_a_service(app):
    """Each is public, personal (nobody does it for another) or has exactly one scope."""
    for rule, view in rest_views(app):
        found = policy_of(view)
        said = [name for name in ("public", "personal", "scope") if getattr(found, name)]
        assert len(said) == 1, f"give {rule} a scope, or make it personal (security/view_policy.py)"


def test_every_scope_is_used_and_no_other_is_accepted(app):
    used = {policy_of(view).scope for _, view in rest_views(app)}
    assert used - {None} == set(SCOPES)
    with pytest.raises(ValueError, match="no scope"):
        policy(scope="chat:admin")


def test_reading_scopes_read_only(app):
    for rule, view in rest_views(app):
        name = policy_of(view).scope
        if name is not None:
            writes = bool(rule.methods - {"GET", "HEAD", "OPTIONS"})
            assert name.endswith(":write") == writes, rule


def test_services_cannot_touch_account_security(app):
    for rule, view in rest_views(app):
        if re.search(r"/auth/|password|session", rule.rule) or (
            rule.rule == "/api/users/me" and "DELETE" in rule.methods
        ):
            assert policy_of(view).scope is None, rule


# --- the command line ---


@pytest.fixture
def flask_command(app):
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=["token", *words])


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


# --- making people ---


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


# --- their tokens ---


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
        service_tokens.issue_user_token(known, TokenRequest(external_id="x"), Client("", None))


def test_services_cannot_act_for_administrators(app, service, world, change):
    issued = service("tokens:write").post("/api/service/tokens", {"user_id": world.alice.id})
    theirs = Api(app, issued.get_json()["token"])
    assert theirs.get("/api/users/me").status_code == 200
    change(world.alice, is_staff=True)
    assert theirs.get("/api/users/me").status_code == 401
    assert world.alice.api.get("/api/users/me").status_code == 200, "her own token counts"


# --- acting for people ---


def test_acting_on_behalf_of_a_user(service, world):
    crm = service("users:read", "chat:read", "chat:write")
    path = f"/api/chat/{world.conversation_id}/messages"
    assert crm.call("GET", "/api/users/me", as_=world.alice).get_json()["id"] == world.alice.id
    sent = crm.call("POST", path, {"content": "by the service"}, as_=world.alice)
    assert sent.status_code == 201
    assert sent.get_json()["sender_id"] == world.alice.id
    assert crm.call("GET", path, as_=world.bob).get_json()["items"][-1] == sent.get_json()
    assert code(crm.call("GET", path, as_=world.carol)) == (404, "not_found")


def test_ids_in_any_uuid_notation(service, world):
    crm = service("users:read")
    for written in (world.alice.id.upper(), f"urn:uuid:{world.alice.id}", f"{{{world.alice.id}}}"):
        answer = crm.call("GET", "/api/users/me", as_=written)
        assert answer.get_json()["id"] == world.alice.id, written
    two = crm.call("GET", "/api/users/me", as_=f"{world.alice.id}, {world.bob.id}")
    assert code(two) == (403, "forbidden")


def test_calls_need_their_scope(service, world):
    crm = service("chat:read")
    path = f"/api/chat/{world.conversation_id}/messages"
    assert crm.call("GET", path, as_=world.alice).status_code == 200
    refused = crm.call("POST", path, {"content": "x"}, as_=world.alice)
    assert code(refused) == (403, "forbidden")
    assert "chat:write" in refused.get_json()["error"]["message"]
    for line in ("/api/service/users", "/api/service/tokens"):
        assert code(crm.post(line, {**GRACE, "user_id": world.alice.id})) == (403, "forbidden")


def test_profiles_are_changed_with_their_scope_only(service, world):
    call = ("PATCH", "/api/users/me", {"role": "Countess"})
    refused = service("users:read", "chat:write").call(*call, as_=world.alice)
    assert code(refused) == (403, "forbidden")
    changed = service("users:write").call(*call, as_=world.alice)
    assert changed.get_json()["role"] == "Countess"


def test_contacts_need_their_scopes(service, world):
    reads, writes = service("users:read", name="reads"), service("users:write", name="writes")
    bob = {"user_id": world.bob.id}
    path = f"/api/contacts/{world.bob.id}"
    assert writes.call("POST", "/api/contacts", bob, as_=world.alice).status_code == 201
    for call in (("POST", "/api/contacts", bob), ("DELETE", path)):
        assert code(reads.call(*call, as_=world.alice)) == (403, "forbidden")
    assert code(writes.call("GET", "/api/contacts", as_=world.alice)) == (403, "forbidden")
    listed = reads.call("GET", "/api/contacts", as_=world.alice).get_json()["items"]
    assert [item["user"]["id"] for item in listed] == [world.bob.id]
    assert writes.call("DELETE", path, as_=world.alice).status_code == 204


def test_a_service_has_to_name_the_user(service):
    answer = service("users:read").get("/api/users/me")
    assert code(answer) == (401, "unauthenticated")
    assert "On-Behalf-Of: <user id>" in answer.get_json()["error"]["message"]


def test_people_that_no_service_may_act_for(service, world, change):
    crm = service("users:read")
    change(world.alice, is_staff=True)
    change(world.bob, is_superuser=True)
    change(world.carol, is_active=False)
    bob = world.bob.id
    nobody = [
        "00000000-0000-4000-8000-000000000000",
        f"{{{bob}}}",
        f"urn:uuid:{bob}",
        "me",
        "' OR 1=1",
        "null",
        "x" * 5000,
    ]
    answers = [
        crm.call("GET", "/api/users/me", as_=one)
        for one in (world.alice, world.bob, world.carol, *nobody)
    ]
    assert {answer.get_data() for answer in answers} == {answers[0].get_data()}
    assert code(answers[0]) == (403, "forbidden")


def test_deleting_the_account_ends_acting_for_it(service, world):
    crm = service("users:read")
    assert crm.call("GET", "/api/users/me", as_=world.alice).status_code == 200
    world.alice.api.delete("/api/users/me", {"password": PASSWORD})
    assert crm.call("GET", "/api/users/me", as_=world.alice).status_code == 403


def test_services_cannot_make_personal_calls(service, world):
    crm = service(*SCOPES)
    for method, path in (("DELETE", "/api/users/me"), ("POST", "/api/auth/logout")):
        answer = crm.call(method, path, {"password": PASSWORD}, as_=world.alice)
        assert code(answer) == (403, "forbidden"), path
    assert world.alice.api.get("/api/users/me").status_code == 200


def test_services_have_no_pages(app, service, world):
    crm = service(*SCOPES)
    answer = crm.call("GET", "/chats", as_=world.alice)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")
    posted = crm.call("POST", f"/chats/{world.conversation_id}", {"content": "x"}, as_=world.alice)
    assert posted.status_code == 401


def test_a_revoked_token_stops_working_at_once(app, service, world, flask_command):
    crm = service("users:read", "users:write", name="crm")
    assert crm.call("GET", "/api/users/me", as_=world.alice).status_code == 200
    assert flask_command("revoke", "crm").exit_code == 0
    assert code(crm.call("GET", "/api/users/me", as_=world.alice)) == (401, "unauthenticated")
    assert code(crm.post("/api/service/users", GRACE)) == (401, "unauthenticated")


def test_invalid_tokens(app, service, world):
    token = service("users:read")._headers["Authorization"].removeprefix("Bearer ")
    for wrong in (PREFIX, token[:-1], token + "x", token.upper(), PREFIX + "x" * 43, PREFIX + "é"):
        answer = Service(app, wrong).call("GET", "/api/users/me", as_=world.alice)
        assert code(answer) == (401, "unauthenticated"), wrong


def test_only_services_act_for_others(world):
    path = "/api/users/me"
    for api, who in ((world.alice.api, world.bob), (world.alice.client, world.bob)):
        headers = {"On-Behalf-Of": who.id}
        answer = (
            api.call("GET", path, headers=headers)
            if api is not world.alice.client
            else (api.get(path, headers=headers))
        )
        assert code(answer) == (403, "forbidden")
    own = world.alice.api.call("GET", path, headers={"On-Behalf-Of": world.alice.id})
    assert own.status_code == 200


def test_service_calls_need_a_service_token(world):
    for api in (world.alice.api, Api(world.alice.app, None)):
        for path in ("/api/service/users", "/api/service/tokens"):
            assert code(api.post(path, {**GRACE, "user_id": world.bob.id})) == (
                401,
                "unauthenticated",
            )


@pytest.mark.database
def test_last_use_is_noted_once_a_minute(app, service, world, statements):
    crm = service("users:read")

    def used():
        with app.app_context():
            return db.session.scalars(select(ServiceToken)).one().last_used_at

    assert used() is None
    crm.call("GET", "/api/users/me", as_=world.alice)
    first = used()
    assert first is not None
    with statements() as texts:
        crm.call("GET", "/api/users/me", as_=world.alice)
    assert not [text for text in texts if text.startswith(("INSERT", "UPDATE", "DELETE"))]
    with app.app_context(), atomic() as work:
        work.scalars(select(ServiceToken)).one().last_used_at = first - USED_WITHIN
    crm.call("GET", "/api/users/me", as_=world.alice)
    assert used() >= first


def test_rate_limits_count_for_the_user_acted_for(service, world, monkeypatch):
    from chatapp.security import rate_limits

    crm = service("users:read", "users:write")
    counted = []
    monkeypatch.setattr(rate_limits, "check_event", counted.append)
    rate_limits.configure(True)
    try:
        crm.call("GET", "/api/users/me", as_=world.alice)
        world.alice.api.get("/api/users/me")
        assert counted == [world.alice.id] * 2
        crm.post("/api/service/users", GRACE)
        assert len(set(counted)) == 2, "its own calls count as its own"
    finally:
        rate_limits.configure(False)


def test_a_dialect_call_on_behalf_of_a_user(world, service):
    outer = service("chat:write")
    sent = outer.call(
        "POST", f"/api/messages/send/{world.carol.id}", {"message": "hi"}, as_=world.alice
    )
    assert sent.status_code == 201
    assert sent.get_json()["senderId"] == world.alice.id
