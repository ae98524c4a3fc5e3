"""The dialect cookie."""

from __future__ import annotations

import pytest
import requests

from tests.support.dialects import Cookie, plain
from tests.support.people import PASSWORD, Person, new_username
from tests.support.server import FRIEND_ORIGIN, LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live


def test_cookie_counts_for_pages_of_ours_only(server: LiveServer) -> None:
    alice, bob = Cookie(server, "Alice"), Cookie(server, "Bob")
    hi = {"message": "hi"}
    to_bob = f"/api/messages/send/{bob.id}"
    for origin in ("https://evil.example", "null", f"{server.url}.evil.example"):
        plain(alice.ask("POST", to_bob, hi, Origin=origin), 401, "unauthenticated")
        assert not alice.knock(origin).welcomed
    plain(alice.ask("POST", to_bob, hi, Origin=""), 403, "forbidden")
    assert not alice.knock(None).welcomed
    assert alice.ask("GET", f"/api/messages/{bob.id}").json() == []
    for allowed in ({"Origin": FRIEND_ORIGIN}, {"Origin": "", "Sec-Fetch-Site": "same-origin"}):
        assert alice.ask("POST", to_bob, hi, **allowed).status_code == 201
    assert alice.knock(server.url).welcomed
    assert alice.knock(FRIEND_ORIGIN).welcomed


def test_cookie_as_somebody_else(server: LiveServer) -> None:
    alice, bob = Cookie(server, "Alice"), Cookie(server, "Bob")
    assert alice.knock(server.url, query=f"&userId={alice.id}").welcomed
    refused = alice.knock(server.url, query=f"&userId={bob.id}")
    assert not refused.welcomed
    assert refused.error is not None
    assert refused.error["data"]["error"]["code"] == "forbidden"
    alice.jwt = alice.jwt[:-2] + ("AA" if not alice.jwt.endswith("AA") else "BB")
    plain(alice.ask("GET", "/api/users"), 401, "unauthenticated")
    assert not alice.knock(server.url).welcomed


def test_a_revoked_cookie(server: LiveServer) -> None:
    alice, bob = Cookie(server, "Alice"), Cookie(server, "Bob")
    assert alice.ask("POST", "/api/auth/logout").status_code == 200
    plain(alice.ask("GET", "/api/users"), 401, "unauthenticated")
    plain(
        alice.ask("POST", f"/api/messages/send/{bob.id}", {"message": "x"}), 401, "unauthenticated"
    )
    assert not alice.knock(server.url).welcomed


def test_for_our_own_pages_the_cookie_is_no_credential(server: LiveServer) -> None:
    alice = Cookie(server, "Alice")
    answer = alice.ask("GET", "/api/users?dialect=colon")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthenticated"
    headers = {"Cookie": f"jwt={alice.jwt}", "Origin": server.url}
    assert not knock(server, "websocket", headers=headers, auth={"dialect": "colon"}).welcomed
    assert not knock(server, "websocket", headers=headers, query="&dialect=colon").welcomed


def test_a_bearer_token_counts_before_the_cookie(server: LiveServer, alice: Person) -> None:
    other = Cookie(server, "Bob")
    both = {"Authorization": f"Bearer {alice.token}"}
    assert other.ask("GET", "/api/users/me", **both).json()["id"] == alice.id
    assert "items" in other.ask("GET", "/api/users", **both).json()
    session = alice.web().cookie_header
    jar = {"Cookie": f"{session}; jwt={other.jwt}", "Origin": server.url}
    me = requests.get(f"{server.url}/api/users/me", headers=jar, timeout=PATIENCE)
    assert me.json()["id"] == other.id


def test_cookie_histories(server: LiveServer, alice: Person) -> None:
    bob = Cookie(server, "Bob")
    id_ = alice.opens(bob)  # type: ignore[arg-type]  it has an id
    sent = [alice.says(id_, f"{number}") for number in range(5)]
    alice.rest("DELETE", f"/api/messages/{sent[1]['id']}")
    history = bob.ask("GET", f"/api/messages/{alice.id}").json()
    assert [message["message"] for message in history] == ["0", "2", "3", "4"]
    assert {(m["senderId"], m["receiverId"]) for m in history} == {(alice.id, bob.id)}
    older = bob.ask("GET", f"/api/messages/{alice.id}?before={history[2]['_id']}").json()
    assert older == history[:2]
    carol = Cookie(server, "Carol")
    assert carol.ask("GET", f"/api/messages/{alice.id}").json() == []
    before = f"/api/messages/{alice.id}?before={history[2]['_id']}"
    assert carol.ask("GET", before).json() == []
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]}).json()
    alice.says(made["conversation_id"], "in the group")
    assert bob.ask("GET", f"/api/messages/{alice.id}").json() == history


def test_cookie_knows_no_groups(server: LiveServer, alice: Person) -> None:
    bob = Cookie(server, "Bob")
    headers = {"Cookie": f"jwt={bob.jwt}", "Origin": server.url}
    wire = Wire(server, headers=headers)
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]}).json()
    alice.says(made["conversation_id"], "in the group")
    alice.says(alice.opens(bob), "between us")  # type: ignore[arg-type]
    assert wire.wait_for("newMessage")["message"] == "between us"
    assert wire.call("newMessage", {})["code"] == "bad_request"
    assert len(wire.events("newMessage")) == 1
    wire.close()


def test_cookie_sees_who_comes_and_goes(server: LiveServer, alice: Person, carol: Person) -> None:
    bob = Cookie(server, "Bob")
    alice.opens(bob)  # type: ignore[arg-type]
    headers = {"Cookie": f"jwt={bob.jwt}", "Origin": server.url}
    wire = Wire(server, headers=headers)
    assert wire.wait_for("getOnlineUsers") == [bob.id]
    came, stranger = alice.wire(), carol.wire()
    assert set(wire.wait_for("getOnlineUsers", lambda ids: alice.id in ids)) == {bob.id, alice.id}
    came.close()
    wire.wait_for_many("getOnlineUsers", 2, lambda ids: ids == [bob.id], timeout=PATIENCE + 10)
    assert not any(carol.id in ids for ids in wire.events("getOnlineUsers"))
    stranger.close()
    wire.close()


def test_cookie_sees_nobody_any_more_who_hides(
    server: LiveServer, alice: Person, carol: Person
) -> None:
    bob = Cookie(server, "Bob")
    alice.opens(bob)  # type: ignore[arg-type]
    came, contact = alice.wire(), carol.wire()
    wire = Wire(server, headers={"Cookie": f"jwt={bob.jwt}", "Origin": server.url})

    def sees(*people: Person) -> None:
        ids = {bob.id, *(one.id for one in people)}
        wire.wait_for("getOnlineUsers", lambda seen: set(seen) == ids)
        wire.log.clear()

    sees(alice)
    carol.rest("POST", "/api/contacts", json={"user_id": bob.id})
    sees(alice, carol)
    alice.rest("POST", f"/api/users/{bob.id}/block")
    sees(carol)
    carol.rest("DELETE", f"/api/contacts/{bob.id}")
    sees()
    alice.rest("DELETE", f"/api/users/{bob.id}/block")
    sees(alice)
    for one in (came, contact, wire):
        one.close()


def test_a_cookie_stands_in_nobodys_way_to_colons_log_in(server: LiveServer, alice: Person) -> None:
    url, right = f"{server.url}/api/auth/login", {"email": alice.email, "password": PASSWORD}
    for jwt in ("x", "", Cookie(server, "Bob").jwt):
        answer = requests.post(url, json=right, headers={"Cookie": f"jwt={jwt}"}, timeout=PATIENCE)
        assert answer.status_code == 200
        assert "_id" not in answer.json()
    ours = {"username": alice.username, "password": PASSWORD}
    answer = requests.post(f"{url}?dialect=colon", json=ours, timeout=PATIENCE)
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
    json_ = {"Content-Type": "application/json"}
    deep = requests.post(url, data="[" * 100_000, headers=json_, timeout=PATIENCE)
    assert deep.status_code == 400
    assert deep.json()["error"]["code"] == "bad_request"


def test_signing_up_twice_or_wrongly(server: LiveServer) -> None:
    alice = Cookie(server, "Alice")
    body = {
        "fullName": "Al",
        "username": alice.username,
        "password": PASSWORD,
        "confirmPassword": PASSWORD,
    }
    url = f"{server.url}/api/auth/signup"
    plain(requests.post(url, json=body, timeout=PATIENCE), 409, "conflict")
    wrong = {**body, "username": new_username("al"), "confirmPassword": "something else"}
    plain(requests.post(url, json=wrong, timeout=PATIENCE), 422, "validation_failed")
    assert set(requests.post(url, json=wrong, timeout=PATIENCE).json()["fields"]) == {
        "confirmPassword"
    }
    composed = {**body, "username": new_username("al"), "password": "\u00e9" * 10}
    composed["confirmPassword"] = "e\u0301" * 10
    assert requests.post(url, json=composed, timeout=PATIENCE).status_code == 201
    login = {"username": alice.username, "password": "wrong battery"}
    answer = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    plain(answer, 401, "unauthenticated")
