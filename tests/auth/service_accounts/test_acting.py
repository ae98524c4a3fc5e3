"""Services that act for people, within their scopes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from chatapp.core.db import atomic, db
from chatapp.models import ServiceToken
from chatapp.security.scopes import SCOPES
from chatapp.security.service_tokens import PREFIX, USED_WITHIN
from tests.support.services import GRACE, Service, code
from tests.support.world import PASSWORD, Api


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


def test_rate_limits_count_for_the_user_acted_for(app, service, world, monkeypatch):

    crm = service("users:read", "users:write")
    counted = []
    monkeypatch.setattr(app.extensions["rate_limiter"], "check_event", counted.append)
    app.extensions["rate_limiter"].configure(True)
    try:
        crm.call("GET", "/api/users/me", as_=world.alice)
        world.alice.api.get("/api/users/me")
        assert counted == [world.alice.id] * 2
        crm.post("/api/service/users", GRACE)
        assert len(set(counted)) == 2, "its own calls count as its own"
    finally:
        app.extensions["rate_limiter"].configure(False)


def test_a_dialect_call_on_behalf_of_a_user(world, service):
    outer = service("chat:write")
    sent = outer.call(
        "POST", f"/api/messages/send/{world.carol.id}", {"message": "hi"}, as_=world.alice
    )
    assert sent.status_code == 201
    assert sent.get_json()["senderId"] == world.alice.id
