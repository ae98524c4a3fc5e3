"""Mail of a real server to a real mail server, and what a link from it does to live sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests.support.cast import Register
from tests.support.errors import ack_error
from tests.support.mail import CONFIRM, RESET, Mailbox, link_in, token_in
from tests.support.people import Person, WebSession, at_once, new_username
from tests.support.server import LiveServer
from tests.support.smtp import PASSWORD, USER, SmtpServer
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

NEW = "another good password"


@pytest.fixture(scope="module")
def smtp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmtpServer]:
    """It takes mail encrypted and from those only who log in."""
    folder: Path = tmp_path_factory.mktemp("smtp")
    server = SmtpServer("starttls", host="127.0.0.2", login=True, folder=folder).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mailing(new_server, smtp: SmtpServer) -> LiveServer:
    """A server that mails through it, and logs all that it ever logs."""
    server: LiveServer = new_server(
        SMTP_URL=smtp.url(user=f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"),
        SSL_CERT_FILE=str(smtp.certificate),
        LOG_LEVEL="debug",
    )
    return server


def mail_to(smtp: SmtpServer, address: str, subject: str):
    """The newest mail to this address, once there is one."""

    def find() -> list[object]:
        return [
            one
            for one in smtp.received
            if one.recipients == [address] and one.message["Subject"] == subject
        ]

    return wait_until(find, f"mail to {address}")[-1]


def forget(server: LiveServer, email: str, **headers: str) -> None:
    answer = requests.post(
        f"{server.url}/api/auth/password/forgot",
        json={"email": email},
        headers=headers,
        timeout=PATIENCE,
    )
    assert (answer.status_code, answer.text) == (202, "")


def test_from_registering_to_a_new_password(
    mailing: LiveServer, smtp: SmtpServer, register: Register
) -> None:
    ada = register(mailing, "Ada")
    received = mail_to(smtp, ada.email, CONFIRM)
    assert (received.encrypted, received.logged_in) == (True, True)
    verify = token_in(received.message)
    page = WebSession(mailing)
    assert page.submit(f"/verify?token={verify}", "/verify").status_code == 303
    assert ada.get("/api/users/me")["email_verified"]

    forget(mailing, ada.email)
    reset = token_in(mail_to(smtp, ada.email, RESET).message)
    wire, web = ada.wire(), ada.web()
    assert page.submit(f"/reset?token={reset}", "/reset", password=NEW).status_code == 303
    wire.wait_for("disconnect")
    assert ada.rest("GET", "/api/users/me").status_code == 401
    assert web.request("GET", "/chats").status_code == 302
    assert page.submit("/login", email=ada.email, password=NEW).status_code == 303
    assert page.request("GET", "/chats").status_code == 200

    text = mailing.log()
    assert "GET /verify 200" in text, "the log has a line for each request"
    assert "/reset" in text
    for token in (verify, reset, PASSWORD, quote(PASSWORD, safe="")):
        assert token not in text


def test_links_lead_to_us_whatever_a_request_claims(
    mailing: LiveServer, smtp: SmtpServer, register: Register
) -> None:
    ada = register(mailing, "Ada")
    evil = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https"}
    refused = requests.post(
        f"{mailing.url}/api/auth/password/forgot",
        json={"email": ada.email},
        headers={"Host": "evil.example"},
        timeout=PATIENCE,
    )
    assert refused.status_code == 400
    forget(mailing, ada.email, **evil)
    message = mail_to(smtp, ada.email, RESET).message
    assert link_in(message).startswith(f"{mailing.url}/reset?token=")
    assert "evil" not in str(message)


def test_a_mail_server_that_never_answers_keeps_nobody_waiting(new_server, register) -> None:
    """Registering, and everything else, goes on; nothing of it waits for mail."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        port = silent.getsockname()[1]
        server: LiveServer = new_server(SMTP_URL=f"smtp://127.0.0.1:{port}")
        ada = register(server, "Ada")
        silent.settimeout(30)
        line, _ = silent.accept()  # the server has begun to wait for the greeting
        wire = ada.wire()
        bob = register(server, "Bob")
        conversation = ada.opens(bob)

        def come() -> float:
            start = time.monotonic()
            Person(server, "Carol", new_username("carol"))
            forget(server, ada.email)
            return time.monotonic() - start

        slowest = max(at_once([come] * 12, workers=4))
        assert slowest < 15, "mail servers get 30 s to answer"
        sent = wire.call("message:send", {"conversation_id": conversation, "content": "hello"})
        assert sent["ok"]
        line.close()


def test_without_a_mail_server_the_operator_finds_it(server: LiveServer, register) -> None:
    ada = register(server, "Ada")
    message = Mailbox(server.folder).wait(ada.email, CONFIRM)
    link = link_in(message)
    wait_until(lambda: link in server.log(), "the link in the log")
    line = next(line for line in server.log().splitlines() if link in line)
    assert f"mail to {ada.email} isn't sent" in line
    assert requests.get(link, timeout=PATIENCE).status_code == 200


def test_sockets_read_until_the_address_is_confirmed(new_server, register: Register) -> None:
    server: LiveServer = new_server(REQUIRE_VERIFIED_EMAIL="on")
    mailbox = Mailbox(server.folder)
    ada, bob = register(server, "Ada"), register(server, "Bob")
    verify = {"token": mailbox.token(bob.email, CONFIRM)}
    assert requests.post(f"{server.url}/api/auth/verify", json=verify, timeout=PATIENCE).ok
    conversation = bob.opens(ada)
    said = bob.says(conversation, "welcome")
    wire = ada.wire()
    for event, payload in (
        ("message:send", {"conversation_id": conversation, "content": "hello"}),
        ("reaction:add", {"message_id": said["id"], "emoji": "👍"}),
        ("typing:start", {"conversation_id": conversation}),
        ("conversation:create", {"participant_ids": [bob.id], "name": "Crew"}),
    ):
        error = ack_error(wire.call(event, payload))
        assert error["code"] == "forbidden", event
        assert "Confirm your email address first" in error["message"]
    assert wire.call("conversation:join", {"conversation_id": conversation})["ok"]
    assert wire.call("message:read", {"conversation_id": conversation, "seq": 1})["ok"]
    assert wire.call("sync", {"versions": {str(conversation): 0}})["ok"]

    verify = {"token": mailbox.token(ada.email, CONFIRM)}
    assert requests.post(f"{server.url}/api/auth/verify", json=verify, timeout=PATIENCE).ok
    sent = wire.call("message:send", {"conversation_id": conversation, "content": "hello"})
    assert sent["ok"], "the same socket, from now on"
