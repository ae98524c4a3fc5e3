"""Mail: composing, sending through a real server, retries, failures, and the folder."""

from __future__ import annotations

import dataclasses
import logging
import stat
from urllib.parse import quote

import pytest

from chatapp.core.db import after_commit, atomic
from chatapp.mail import compose as mail
from chatapp.mail import smtp as backends
from chatapp.settings.mail import smtp_url
from config import Settings, SettingsError
from tests.support.mail import CONFIRM, link_in, token_in, words
from tests.support.smtp import PASSWORD, USER, SmtpServer
from tests.support.waiting import free_port, wait_until
from tests.support.world import register

LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


@pytest.fixture
def smtp(tmp_path):
    """`smtp("starttls", host=…)`: a mail server."""
    servers: list[SmtpServer] = []

    def start(*args, **kwargs) -> SmtpServer:
        servers.append(SmtpServer(*args, folder=tmp_path, **kwargs).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def through(app, monkeypatch, drained):
    """`through(url)`: send mail through this server, with short retry delays."""

    def use(url: str, **settings) -> None:
        changed = dataclasses.replace(app.config["SETTINGS"], smtp_url=smtp_url(url), **settings)
        monkeypatch.setitem(app.config, "SETTINGS", changed)
        monkeypatch.setattr(mail, "RETRY_DELAYS", (0.01, 0.02, 0.03))

    yield use
    drained()  # before the waits are long again


def logged(caplog, words: str) -> str:
    """Wait for this text in the log, and return the log."""
    wait_until(lambda: words in caplog.text, f"{words!r} in the log", details=lambda: caplog.text)
    return caplog.text


def test_through_a_server(app, smtp, through):
    server = smtp()
    through(server.url(), mail_from="Chat & co <chat@example.org>")
    register(app, "Ada")
    received = server.wait()
    assert received.sender == "chat@example.org"
    assert received.recipients == ["ada@example.org"]
    message = received.message
    assert message["From"] == "Chat & co <chat@example.org>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == CONFIRM
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime.tzinfo is not None
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert link_in(message).startswith("http://127.0.0.1:5000/verify?token=")
    assert link_in(message) in words(message, "html")


def test_starttls_if_offered(app, smtp, through):
    server = smtp("starttls")
    through(server.url())
    register(app, "Ada")
    assert server.wait().encrypted


@pytest.mark.parametrize(("tls", "scheme"), [("starttls", "smtp"), ("implicit", "smtps")])
def test_with_a_password(app, smtp, through, monkeypatch, tls, scheme):
    server = smtp(tls, host="127.0.0.2", login=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    through(server.url(scheme, user=LOGIN))
    register(app, "Ada")
    received = server.wait()
    assert (received.encrypted, received.logged_in) == (True, True)


def test_a_password_leaves_this_computer_only_encrypted(app, smtp, through, caplog):
    server = smtp(host="127.0.0.2", login=True)
    through(server.url(user=LOGIN))
    register(app, "Ada")
    text = logged(caplog, "mail was refused")
    assert "the server offers no STARTTLS" in text
    assert PASSWORD not in text
    assert server.logins == server.received == []


def test_tls_can_be_required(app, smtp, through, caplog):
    server = smtp()
    through(server.url(query="?tls=required"))
    register(app, "Ada")
    logged(caplog, "the server offers no STARTTLS")
    assert server.received == []


@pytest.mark.slow
def test_the_certificate_is_verified_by_default(app, smtp, through, caplog):
    server = smtp("starttls", host="127.0.0.2")
    through(server.url())
    register(app, "Ada")
    logged(caplog, "CERTIFICATE_VERIFY_FAILED")
    assert server.received == []
    through(server.url(query="?verify=off"))
    register(app, "Bob")
    assert server.wait().encrypted


def test_a_wrong_password_is_logged_without_it(app, smtp, through, caplog):
    server = smtp("starttls", login=True)
    through(server.url(user="ada:wrong-pa55word@"))
    register(app, "Ada")
    text = logged(caplog, "mail was refused")
    assert "535" in text
    assert "wrong-pa55word" not in text
    assert len(server.logins) <= 2, "one try, by each of the ways that the server knows"


def test_temporary_failures_are_retried(app, smtp, through, caplog):
    server = smtp()
    server.answers = ["451 later, please", "421 not now"]
    through(server.url())
    register(app, "Ada")
    server.wait()
    assert "mail will be retried: OSError: 451 later, please" in caplog.text
    assert server.answers == []
    assert len(server.received) == 1


def test_rejected_mail_is_not_retried(app, smtp, through, caplog, drained):
    server = smtp()
    server.answers = ["550 we don't like {text}", "250 but would have taken it"]
    through(server.url())
    register(app, "Ada")
    drained()
    assert server.received == []
    text = logged(caplog, "mail was refused: Refused: 550 we don't like")
    assert "/verify?token=…" in text


def test_an_unreachable_server_is_given_up_in_the_end(app, through, caplog, drained):
    through(f"smtp://127.0.0.1:{free_port()}")
    register(app, "Ada")
    drained()
    assert caplog.text.count("mail will be retried: ConnectionRefusedError") == 3
    assert caplog.text.count("mail could not be sent: ConnectionRefusedError") == 1
    assert "token" not in caplog.text


def test_retry_delays_grow():
    assert list(mail.RETRY_DELAYS) == sorted(set(mail.RETRY_DELAYS))
    assert 3 <= len(mail.RETRY_DELAYS) <= 10


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("ünal@example.org", "ünal@example.org"),
        ("ada@exämple.org", "ada@xn--exmple-cua.org"),
        ("o'hara+chat@example.org", "o'hara+chat@example.org"),
    ],
)
def test_international_addresses(app, smtp, through, address, sent_to):
    server = smtp()
    through(server.url())
    with app.app_context(), atomic():
        mail.send("verify", address, link="http://x/")
    assert server.wait().recipients == [sent_to]


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: carol@example.org",
        "ada@example.org\nBcc: carol@example.org",
        "ada@example.org\r\n\r\nBuy now",
        "ada@example.org, carol@example.org",
        "ada@example.org>\r\nRCPT TO:<carol@example.org",
    ],
)
def test_no_address_becomes_a_header_or_a_second_recipient(app, address):
    body = {"email": address, "password": "correct horse battery"}
    answer = app.test_client().post("/api/auth/register", json=body)
    assert answer.status_code == 422
    with app.app_context(), pytest.raises(ValueError):  # noqa: PT011  the library's own words
        mail.compose(mail.Mail("verify", address, {"link": "http://x/"}))


def test_mail_is_sent_only_after_the_commit(context, mailbox, drained):
    with pytest.raises(ZeroDivisionError), atomic():
        mail.send("verify", "ada@example.org", link="http://x/")
        raise ZeroDivisionError
    drained()
    assert mailbox.to("ada@example.org") == []
    with atomic():
        with atomic():
            mail.send("verify", "ada@example.org", link="http://x/")
        drained()
        assert mailbox.to("ada@example.org") == [], "the outer one isn't committed"
    mailbox.wait("ada@example.org")
    with pytest.raises(RuntimeError, match="outside"):
        after_commit(lambda: None)


def test_without_a_server_mail_is_saved_and_logged(app, mailbox, caplog, monkeypatch):
    monkeypatch.setattr(backends, "MAX_KEPT", 3)
    with caplog.at_level(logging.INFO):
        register(app, "Ada")
        message = mailbox.wait("ada@example.org")
        text = logged(caplog, link_in(message))
    assert "mail to ada@example.org isn't sent" in text
    (path,) = mailbox.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(mailbox.folder.stat().st_mode) == 0o700
    assert token_in(message).encode() in path.read_bytes(), "whole, for who opens the file"
    for name in ("Bob", "Carol", "Dave"):
        register(app, name)
        mailbox.wait(f"{name.lower()}@example.org")
    assert len(list(mailbox.folder.iterdir())) == 3
    assert mailbox.to("ada@example.org") == []


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "host", "port", "tls", "verify"),
        [
            ("smtp://mail.example.org", "mail.example.org", 587, "offered", True),
            ("SMTP://mail.example.org:25/", "mail.example.org", 25, "offered", True),
            ("smtp://a:b@mail.example.org", "mail.example.org", 587, "required", True),
            ("smtp://a:b@localhost", "localhost", 587, "offered", False),
            ("smtp://[::1]:25", "::1", 25, "offered", False),
            ("smtps://a:b@mail.example.org", "mail.example.org", 465, "always", True),
            ("smtp://mail.lan?tls=required", "mail.lan", 587, "required", True),
            ("smtp://mail.lan?verify=off", "mail.lan", 587, "offered", False),
        ],
    )
    def test_a_server(self, url, host, port, tls, verify):
        server = smtp_url(url)
        assert (server.host, server.port, server.tls, server.verify) == (host, port, tls, verify)

    def test_passwords(self):
        server = smtp_url(f"smtp://{LOGIN}mail.example.org")
        assert (server.user, server.password) == (USER, PASSWORD)
        assert PASSWORD not in repr(server)

    @pytest.mark.parametrize(
        "url",
        [
            *("mail.example.org", "http://mail.example.org", "smtp://", "smtp://:25"),
            *("smtp://mail.example.org:99999", "smtp://mail.example.org/path"),
            *("smtp://mail.example.org?tls=off", "smtp://mail.example.org?x=1", "smtp://a b"),
        ],
    )
    def test_invalid_addresses(self, url, tmp_path):
        with pytest.raises(SettingsError, match="SMTP_URL"):
            Settings.from_env({"SMTP_URL": url, "INSTANCE_DIR": str(tmp_path)})

    def test_the_password_isnt_shown_in_the_message(self, tmp_path):
        with pytest.raises(SettingsError) as caught:
            Settings.from_env({"SMTP_URL": f"smtp://{LOGIN}host:x", "INSTANCE_DIR": str(tmp_path)})
        assert "%3Aw" not in str(caught.value)

    @pytest.mark.parametrize(
        ("base_url", "sender"),
        [
            ("https://chat.example.org", "noreply@chat.example.org"),
            ("http://192.168.0.7:5000", "noreply@localhost"),
            ("http://[fe80::1]", "noreply@localhost"),
        ],
    )
    def test_the_default_sender(self, base_url, sender, tmp_path):
        environ = {"BASE_URL": base_url, "INSTANCE_DIR": str(tmp_path)}
        assert Settings.from_env(environ).mail_from == sender
        environ["MAIL_FROM"] = "Our chat <chat@example.org>"
        assert Settings.from_env(environ).mail_from == "Our chat <chat@example.org>"

    @pytest.mark.parametrize(
        "text", ["chat", "a@b, c@d", "a@b\nBcc: c@d", "<a@b", "a <b@c> d", "ä@b.org"]
    )
    def test_invalid_senders(self, text, tmp_path):
        with pytest.raises(SettingsError, match="MAIL_FROM"):
            Settings.from_env({"MAIL_FROM": text, "INSTANCE_DIR": str(tmp_path)})
