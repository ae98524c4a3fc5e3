"""The older dialects from outside: what is refused is refused in each one's own shape."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from socketio.exceptions import ConnectionError as Refused

from tests.support.people import PASSWORD, Person, new_username
from tests.support.server import FRIEND_ORIGIN, LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Verdict, Wire, knock

pytestmark = pytest.mark.live


class Cookie:
    """Somebody with the cookie `jwt`, in a browser on a page of ours."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.server = server
        self.username = new_username(name)
        answer = self.ask(
            "POST",
            "/api/auth/signup",
            {
                "fullName": name,
                "username": self.username,
                "password": PASSWORD,
                "confirmPassword": PASSWORD,
            },
        )
        assert answer.status_code == 201, answer.text
        self.id: str = answer.json()["_id"]
        self.jwt = answer.cookies["jwt"]

    def ask(self, method: str, path: str, json: Any = None, **headers: str) -> requests.Response:
        """A call with the cookie, from this site unless ``headers`` say otherwise."""
        jwt = getattr(self, "jwt", None)
        sent = {"Origin": self.server.url, **headers}
        if jwt:
            sent["Cookie"] = f"jwt={jwt}"
        sent = {name: value for name, value in sent.items() if value}
        url = self.server.url + path
        return requests.request(method, url, json=json, headers=sent, timeout=PATIENCE)

    def knock(self, origin: str | None, query: str = "") -> Verdict:
        headers = {"Cookie": f"jwt={self.jwt}", **({"Origin": origin} if origin else {})}
        return knock(self.server, "websocket", headers=headers, query=query)


def plain(answer: requests.Response, status: int, code: str) -> None:
    """`{error: "text", code}`."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
    assert set(body) <= {"error", "code", "fields"}


@pytest.fixture
def alice(server: LiveServer) -> Person:
    return Person(server, "Alice")


@pytest.fixture
def bob(server: LiveServer) -> Person:
    return Person(server, "Bob")


@pytest.fixture
def group(alice: Person, bob: Person) -> dict[str, Any]:
    """Alice's and Bob's."""
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]})
    body: dict[str, Any] = made.json()
    return body


@pytest.fixture
def carol(server: LiveServer) -> Person:
    return Person(server, "Carol")


def contents(person: Person, conversation_id: int) -> list[str]:
    items = person.get(f"/api/chat/{conversation_id}/messages")["items"]
    return [item["content"] for item in items]


# --- which dialect a connection speaks ---


def test_what_a_connection_says_first_settles_it(server: LiveServer, alice: Person) -> None:
    colon = alice.wire()
    assert colon.call("message:read", {"conversation_id": 1, "seq": 0})["error"]["code"]
    assert colon.call("join", alice.id)["error"]["code"] == "bad_request"
    kebab = alice.wire()
    assert kebab.call("join", alice.id) == {"ok": True}
    answer = kebab.call("sync", {"versions": {}})
    assert answer["code"] == "bad_request"
    assert isinstance(answer["error"], str)
    ours = alice.wire(dialect="colon")
    assert ours.call("join", alice.id)["error"]["code"] == "bad_request"
    named = alice.wire(dialect="kebab")
    assert named.call("sync", {"versions": {}})["code"] == "bad_request"
    with pytest.raises(Refused):
        alice.wire(dialect="klingon")


def test_a_connection_that_turns_out_to_speak_kebab_hears_nothing_twice(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    wire = alice.wire()
    wire.call("join", alice.id)
    bob.says(group["conversation_id"], "to all")
    heard = wire.wait_for("receive-message", lambda m: m["content"] == "to all")
    assert heard["receiver_id"] == group["id"]
    wire.call("join", alice.id)  # whatever was on its way has come
    assert wire.events("message:received") == []
    assert len(wire.events("receive-message")) == 1


def test_whoever_is_removed_hears_no_more_in_any_dialect(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    wires = {"receiveMessage": bob.wire(userId=bob.id), "receive-message": bob.wire()}
    wires["receive-message"].call("join", bob.id)
    alice.says(group["conversation_id"], "before")
    for event, wire in wires.items():
        wire.wait_for(event, lambda m: m["content"] == "before")
    alice.rest("DELETE", f"/api/groups/{group['id']}/members/{bob.id}")
    alice.says(group["conversation_id"], "after")
    direct = alice.opens(bob)
    alice.says(direct, "between us")
    for event, wire in wires.items():
        wire.wait_for(event, lambda m: m["content"] == "between us")
        assert "after" not in [m["content"] for m in wire.events(event)]


def test_a_first_event_without_a_sensible_name(server: LiveServer, alice: Person) -> None:
    for payload in ({"event": ["join"]}, {"event": {"a": 1}}, {"event": None}, "x", None):
        wire = alice.wire()
        assert wire.call("message", payload)["error"]["code"] == "bad_request"
        assert wire.call("sync", {"versions": {}})["ok"] is True


def test_nothing_is_heard_twice_or_lost_while_a_connection_turns_out_to_speak_kebab(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    stop = threading.Event()

    def talk() -> int:
        number = 0
        while not stop.is_set():
            bob.says(group["conversation_id"], f"{number}")
            number += 1
        return number

    with ThreadPoolExecutor() as pool:
        talking = pool.submit(talk)
        wires = []
        for _ in range(20):
            wires.append(alice.wire())
            wires[-1].tell("join", alice.id)
            wires[-1].wait_for("receive-message")
        stop.set()
        count = talking.result()
    for wire in wires:
        wire.wait_for("receive-message", lambda m: m["content"] == f"{count - 1}")
        heard = [
            int(m["content"])
            for event, m in wire.log
            if event in ("message:received", "receive-message") and m["content"].isdecimal()
        ]
        assert heard == list(range(heard[0], count))


def test_the_first_of_a_further_dialect_costs_nobody_a_message(
    new_server: Callable[..., LiveServer],
) -> None:
    server = new_server()
    alice, bob = Person(server, "Alice"), Person(server, "Bob")
    id_ = alice.opens(bob)
    camel, kebab = bob.wire(dialect="camel"), bob.wire(dialect="kebab")
    with ThreadPoolExecutor() as pool:
        talking = pool.submit(lambda: [alice.says(id_, f"{number}") for number in range(60)])
        newcomer = Cookie(server, "Carol")
        assert newcomer.knock(server.url).welcomed
        talking.result()
    for wire, event in ((camel, "receiveMessage"), (kebab, "receive-message")):
        wire.wait_for(event, lambda m: m["content"] == "59")
        assert [m["content"] for m in wire.events(event)] == [f"{n}" for n in range(60)]


# --- camel ---


def test_camel_without_a_token_is_told_what_to_send(server: LiveServer, alice: Person) -> None:
    for refused in (
        knock(server, "websocket", query=f"&userId={alice.id}"),
        knock(server, "websocket", auth={"userId": alice.id}),
    ):
        assert not refused.welcomed
        assert refused.error is not None
        assert "token" in refused.error["message"]
        assert refused.error["data"]["error"]["code"] == "unauthenticated"


def test_camel_as_somebody_else(server: LiveServer, alice: Person, bob: Person) -> None:
    auth = {"token": alice.token, "userId": bob.id}
    refused = knock(server, "websocket", auth=auth)
    assert not refused.welcomed
    assert refused.error is not None
    assert refused.error["data"]["error"]["code"] == "forbidden"
    for query in (f"&userId={bob.id}", f"&userId={alice.id}&userId={bob.id}"):
        mixed = knock(server, "websocket", auth={"token": alice.token}, query=query)
        assert not mixed.welcomed
    wire = alice.wire(userId=alice.id)
    assert wire.call("connection", {"userId": bob.id})["error"]["code"] == "forbidden"
    assert wire.call("connection", {"userId": alice.id}) == {}


def test_camel_errors(
    server: LiveServer, alice: Person, carol: Person, group: dict[str, Any]
) -> None:
    wire = carol.wire(userId=carol.id)
    send = {"conversation_id": group["conversation_id"], "content": "let me in", "type": "text"}
    answer = wire.call("sendMessage", send)
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message"}
    assert answer["error"]["code"] == "not_found"
    wire.tell("sendMessage", send)
    assert wire.wait_for("error")["error"]["code"] == "not_found"
    answer = wire.call("sendMessage", {**send, "type": "image"})
    assert answer["error"]["code"] == "validation_failed"
    for event in ("message:send", "send-message", "typing:start", "nonsense"):
        assert wire.call(event, send)["error"]["code"] == "bad_request"
    assert "let me in" not in contents(alice, group["conversation_id"])


def test_camel_repeats_and_addresses(server: LiveServer, alice: Person, bob: Person) -> None:
    id_ = alice.opens(bob)
    wire = alice.wire(userId=alice.id)
    picture = {
        "conversation_id": id_,
        "content": "https://example.org/cat.png",
        "type": "image",
        "client_id": "one",
    }
    first = wire.call("sendMessage", picture)
    assert first["type"] == "image"
    assert first["content"] == picture["content"]
    assert wire.call("sendMessage", picture)["id"] == first["id"]
    assert len(contents(bob, id_)) == 1


def test_camel_hears_the_plain_and_nothing_of_edits(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    wire = bob.wire(userId=bob.id)
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]}).json()
    system = wire.wait_for("receiveMessage")
    assert system["type"] == "text"
    assert "created the group" in system["content"]
    message = alice.says(made["conversation_id"], "hello")
    alice.rest("PATCH", f"/api/messages/{message['id']}", json={"content": "hello!"})
    alice.rest("DELETE", f"/api/messages/{message['id']}")
    alice.says(made["conversation_id"], "last")
    wire.wait_for("receiveMessage", lambda m: m["content"] == "last")
    assert {event for event, _ in wire.log} == {"receiveMessage"}
    assert [m["content"] for m in wire.events("receiveMessage")][1:] == ["hello", "last"]


# --- kebab ---


def test_kebab_as_somebody_else(
    server: LiveServer, alice: Person, bob: Person, carol: Person, group: dict[str, Any]
) -> None:
    wire = carol.wire()
    wire.tell("join", alice.id)
    refusal = wire.wait_for("error-message")
    assert refusal["code"] == "forbidden"
    assert isinstance(refusal["error"], str)
    forged = {"sender_id": bob.id, "receiver_id": alice.id, "content": "x", "is_group": False}
    wire.tell("send-message", forged)
    wire.wait_for_many("error-message", 2, lambda e: e["code"] == "forbidden")
    into = {**forged, "sender_id": carol.id, "receiver_id": group["id"], "is_group": True}
    wire.tell("send-message", into)
    wire.tell("join-group", group["id"])
    wire.wait_for_many("error-message", 2, lambda e: e["code"] == "not_found")
    assert "x" not in contents(alice, group["conversation_id"])
    assert not any(c["kind"] == "direct" for c in alice.get("/api/chat")["items"])


def test_kebab_wrapped_as_a_test_tool_does(server: LiveServer, alice: Person, bob: Person) -> None:
    wire, listens = alice.wire(), bob.wire(userId=bob.id)
    wire.tell("message", {"event": "join", "data": alice.id})
    said = {"sender_id": alice.id, "receiver_id": bob.id, "content": "hey", "is_group": False}
    wire.tell("message", {"event": "send-message", "data": said})
    assert listens.wait_for("receiveMessage")["content"] == "hey"
    assert wire.events("error-message") == []


def test_kebab_the_first_message_opens_the_conversation_or_nothing(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    bob.rest("POST", f"/api/users/{alice.id}/block")
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": bob.id, "content": "hey", "is_group": False}
    assert wire.call("send-message", said)["code"] == "forbidden"
    assert alice.get("/api/chat")["items"] == []
    bob.rest("DELETE", f"/api/users/{alice.id}/block")
    assert wire.call("send-message", said)["message"]["receiver_id"] == bob.id
    assert len(bob.get("/api/chat")["items"]) == 1


def test_kebab_calls_as_somebody_else(
    server: LiveServer, alice: Person, bob: Person, carol: Person, group: dict[str, Any]
) -> None:
    plain(carol.rest("PUT", "/user/profile", json={"id": bob.id, "name": "Eve"}), 403, "forbidden")
    rename = {"id": carol.id, "is_staff": True}
    plain(carol.rest("PUT", "/user/profile", json=rename), 403, "forbidden")
    wanted = {"id": bob.id, "password": "another good battery"}
    plain(carol.rest("PUT", "/user/update-password", json=wanted), 403, "forbidden")
    made = {"name": "x", "created_by": bob.id, "members": [carol.id]}
    plain(carol.rest("POST", "/group/create", json=made), 403, "forbidden")
    more = {"group_id": group["id"], "user_ids": [carol.id]}
    plain(carol.rest("POST", "/group/add-members", json=more), 404, "not_found")
    plain(bob.rest("POST", "/group/add-members", json=more), 403, "forbidden")
    nobody = "00000000-0000-4000-8000-000000000000"
    plain(carol.rest("GET", f"/user/{nobody}"), 404, "not_found")
    plain(requests.get(f"{server.url}/user/dashboard", timeout=PATIENCE), 401, "unauthenticated")
    short = {"email": "no", "password": "x", "fullName": ""}
    answer = requests.post(f"{server.url}/auth/register", json=short, timeout=PATIENCE)
    plain(answer, 422, "validation_failed")
    assert {"email", "password", "fullName"} <= set(answer.json()["fields"])


def test_kebab_password_without_the_old_one(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(REAUTH_WINDOW="3s")
    alice = Person(server, "Alice")
    elsewhere = requests.post(
        f"{server.url}/auth/login",
        json={"email": alice.email, "password": PASSWORD},
        timeout=PATIENCE,
    ).json()["session"]["access_token"]
    fresh = {"id": alice.id, "password": "another good battery"}
    changed = alice.rest("PUT", "/user/update-password", json=fresh)
    while changed.status_code == 403:  # the machine was slower than the window: sign in anew
        again = {"email": alice.email, "password": PASSWORD}
        login = requests.post(f"{server.url}/auth/login", json=again, timeout=PATIENCE)
        alice.token = login.json()["session"]["access_token"]
        changed = alice.rest("PUT", "/user/update-password", json=fresh)
    assert changed.status_code == 200
    assert set(changed.json()) == {"message"}
    ended = requests.get(
        f"{server.url}/user/dashboard",
        headers={"Authorization": f"Bearer {elsewhere}"},
        timeout=PATIENCE,
    )
    plain(ended, 401, "unauthenticated")
    third = {"id": alice.id, "password": "a third good battery"}

    def late() -> bool:
        return alice.rest("PUT", "/user/update-password", json=third).status_code == 403

    from tests.support.waiting import wait_until

    wait_until(late, "the window is over")
    plain(alice.rest("PUT", "/user/update-password", json=third), 403, "forbidden")
    proven = {**third, "current_password": "wrong"}
    plain(alice.rest("PUT", "/user/update-password", json=proven), 403, "forbidden")


def test_kebab_has_its_own_shape_where_there_is_nothing(server: LiveServer, alice: Person) -> None:
    for method, path, status in (
        ("DELETE", "/user/profile", 405),
        ("GET", "/auth/login", 405),
        ("GET", "/user/not-an-id", 404),
        ("GET", "/group/xyz", 404),
    ):
        answer = alice.rest(method, path)
        assert answer.status_code == status, (method, path)
        assert isinstance(answer.json()["error"], str)
    deep = requests.post(
        f"{server.url}/auth/login",
        data="[" * 100_000,
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    plain(deep, 400, "bad_request")


def test_kebab_takes_no_session_of_a_page(server: LiveServer, alice: Person) -> None:
    jar = {"Cookie": alice.web().cookie_header}
    answer = requests.get(f"{server.url}/user/dashboard", headers=jar, timeout=PATIENCE)
    plain(answer, 401, "unauthenticated")


def test_kebab_all_is_meant(server: LiveServer, alice: Person) -> None:
    members = [Person(server, f"Member {number}").id for number in range(20)]
    made = alice.rest("POST", "/api/groups", json={"name": "Many", "members": members}).json()
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": made["id"], "content": "@all", "is_group": True}
    assert wire.call("send-message", said)["message"]["content"] == "@all"


def test_kebab_names_fields_as_its_contract_does(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    oneself = alice.rest("POST", "/user/add-contact", json={"contactId": alice.id})
    plain(oneself, 422, "validation_failed")
    assert set(oneself.json()["fields"]) == {"contactId"}
    body = {"email": "x@example.org", "password": PASSWORD, "fullName": None}
    answer = requests.post(f"{server.url}/auth/register", json=body, timeout=PATIENCE)
    plain(answer, 422, "validation_failed")
    assert set(answer.json()["fields"]) == {"fullName"}
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": nobody, "content": "x", "is_group": False}
    assert set(wire.call("send-message", said)) == {"error", "code"}
    wanted = {"id": alice.id, "username": "somebody.else", "name": "Al"}
    assert alice.rest("PUT", "/user/profile", json=wanted).json()["user"]["name"] == "Al"
    assert alice.get("/api/users/me")["username"] == alice.username


def test_kebab_a_deleted_message_is_not_the_last(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    alice.rest("POST", "/user/add-contact", json={"contactId": bob.id})
    id_ = alice.opens(bob)
    bob.says(id_, "first")
    second = bob.says(id_, "second")
    bob.rest("DELETE", f"/api/messages/{second['id']}")
    contact = alice.get("/user/dashboard")["contacts"][0]
    assert contact["last_message"]["content"] == "first"


# --- cookie ---


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


# --- the contracts' examples, word by word ---

EXAMPLES = """
POST /auth/register {"email": "ada@example.org", "password": "correct horse battery", "fullName": "Ada Example"}
PUT /user/profile {"id": "6b1f…", "name": "Ada", "description": "Builds things", "resume_link": "https://example.org/cv", "role": "Developer", "profile_picture": "https://example.org/ada.png", "theme_mode": "dark", "theme_color": "#4ade80", "background_image": "https://example.org/b.png"}
POST /user/add-contact {"contactId": "9c2e…"}
POST /group/create {"name": "Friends", "description": "Private", "group_picture": "https://example.org/g.png", "created_by": "6b1f…", "members": ["6b1f…", "9c2e…"]}
POST /group/add-members {"group_id": "77aa…", "user_ids": ["1d0b…"]}
→ join "6b1f…"
→ send-message {"sender_id": "6b1f…", "receiver_id": "9c2e…", "content": "Hey there!", "is_group": false}
← receive-message {"id": "0197…", "sender_id": "6b1f…", "receiver_id": "9c2e…", "is_group": false, "content": "Hey there!", "created_at": "2026-01-02T03:04:05.678Z"}
→ sendMessage {"conversation_id": 7, "content": "Is the flat still free?", "type": "text"}
← receiveMessage {"id": "0197…", "conversation_id": 7, "sender_id": "6b1f…", "content": "Is the flat still free?", "type": "text", "read_at": null, "created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z", "deleted_at": null, "sender": {"id": "6b1f…", "username": "ada", "email": null, "profile_picture": null, "role": "tenant"}}
POST /api/auth/signup {"fullName": "Ada Example", "username": "ada", "password": "correct horse battery", "confirmPassword": "correct horse battery", "gender": "female"}
POST /api/messages/send/9c2e… {"message": "hi"}
← newMessage {"_id": "0197…", "senderId": "6b1f…", "receiverId": "9c2e…", "message": "hi", "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-01-02T03:04:05.678Z"}
"""  # noqa: E501


def _shape(value: Any) -> Any:
    """Names and kinds; ids and times are whatever they are."""
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    return type(value).__name__


def test_every_example_of_the_contracts(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(USER_ROLES="Developer,tenant")
    lines = [line for line in EXAMPLES.splitlines() if line]
    example = {line.split(" ", 2)[1].split("/9c2e")[0]: line for line in lines}
    bob, dave = Person(server, "Bob"), Person(server, "Dave")
    ids = {"9c2e…": bob.id, "1d0b…": dave.id}

    def filled(name: str) -> Any:
        text = example[name].split(" ", 2)[2]
        for short, real in ids.items():
            text = text.replace(short, real)
        return json.loads(text)

    def post(name: str, token: str | None = None, method: str = "POST") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(
            method, server.url + name, json=filled(name), headers=headers, timeout=PATIENCE
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    assert post("/auth/register")["user"]["name"] == "Ada Example"
    login = {"email": "ada@example.org", "password": "correct horse battery"}
    session = requests.post(f"{server.url}/auth/login", json=login, timeout=PATIENCE).json()
    token = session["session"]["access_token"]
    ids["6b1f…"] = session["user"]["id"]
    profile = post("/user/profile", token, "PUT")["user"]
    assert {name: profile[name] for name in filled("/user/profile")} == filled("/user/profile")
    assert post("/user/add-contact", token)["contact"]["contact_id"] == bob.id
    group = post("/group/create", token)["group"]
    ids["77aa…"] = group["id"]
    assert len(post("/group/add-members", token)["group"]["members"]) == 3

    listens = bob.wire(dialect="kebab")
    wire = Wire(server, auth={"token": token})
    wire.tell("join", filled("join"))
    wire.tell("send-message", filled("send-message"))
    heard = listens.wait_for("receive-message", lambda m: m["content"] == "Hey there!")
    assert _shape(heard) == _shape(filled("receive-message"))

    requests.patch(
        f"{server.url}/api/users/me",
        json={"role": "tenant", "profile_picture": None},
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    ).raise_for_status()
    ada = Wire(server, auth={"token": token, "userId": ids["6b1f…"]})
    camel = bob.wire(userId=bob.id)
    opened = bob.rest("POST", "/api/chat", json={"participant_ids": [ids["6b1f…"]]}).json()["id"]
    said = {**filled("sendMessage"), "conversation_id": opened}
    acknowledged = ada.call("sendMessage", said)
    received = camel.wait_for("receiveMessage", lambda m: m["content"] == said["content"])
    assert received == acknowledged
    assert _shape(received) == _shape(filled("receiveMessage"))

    signed_up = requests.post(
        f"{server.url}/api/auth/signup",
        json={**filled("/api/auth/signup"), "username": "ada.cookie"},  # "ada" is the first one's
        timeout=PATIENCE,
    )
    jar = {"Cookie": f"jwt={signed_up.cookies['jwt']}", "Origin": server.url}
    same = Wire(server, headers=jar)
    login = {"username": "ada.cookie", "password": "correct horse battery"}
    elsewhere = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    other = {"Cookie": f"jwt={elsewhere.cookies['jwt']}", "Origin": server.url}
    cookie = Wire(server, headers=other)
    sent = requests.post(
        f"{server.url}/api/messages/send/{bob.id}",
        json=filled("/api/messages/send"),
        headers=jar,
        timeout=PATIENCE,
    )
    assert sent.status_code == 201
    assert cookie.wait_for("newMessage") == sent.json()
    same.call("anything")  # what was on its way has come
    assert same.events("newMessage") == []
    same.close()
    assert _shape(sent.json()) == _shape(filled("newMessage"))
    for one in (wire, ada, cookie):
        one.close()


# --- one set of rules ---


def test_who_must_confirm_an_address_first(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(REQUIRE_VERIFIED_EMAIL="on")
    alice, bob = Person(server, "Alice"), Cookie(server, "Bob")
    answer = bob.ask("POST", f"/api/messages/send/{alice.id}", {"message": "x"})
    plain(answer, 403, "forbidden")
    assert "address" in answer.json()["error"]
    credentials = {"email": alice.email, "password": PASSWORD}
    again = alice.rest("POST", "/auth/login", json=credentials)
    assert again.status_code == 200
    body = {"contactId": bob.id}
    plain(alice.rest("POST", "/user/add-contact", json=body), 403, "forbidden")


# --- switched off ---


def test_without_dialects_there_is_colon_alone(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(DIALECTS="none")
    alice = Person(server, "Alice")
    for method, path in (
        ("POST", "/auth/login"),
        ("GET", "/user/dashboard"),
        ("POST", "/api/auth/signup"),
    ):
        answer = requests.request(method, server.url + path, json={}, timeout=PATIENCE)
        assert answer.status_code in (403, 404), (path, answer.status_code)
    wire = alice.wire(userId=alice.id)
    assert wire.call("sync", {"versions": {}})["ok"] is True
    assert wire.call("join", alice.id)["error"]["code"] == "bad_request"
    with pytest.raises(Refused):
        alice.wire(dialect="kebab")
    login = {"username": alice.username, "password": PASSWORD}
    answer = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    assert answer.status_code == 422
