"""A real mail server, in a thread with a loop of its own, that keeps what it is handed."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.mail import read
from tests.support.waiting import free_port, wait_until

USER, PASSWORD = "post@example.org", "p@ss:w/rd"


@dataclass
class Received:
    """One mail that was handed in, and how."""

    message: EmailMessage
    sender: str
    recipients: list[str]
    encrypted: bool
    logged_in: bool


class SmtpServer:
    """`tls` is none, starttls or implicit; `answers` are given to the next mails, then 250."""

    def __init__(
        self, tls: str = "none", *, host: str = "127.0.0.1", login: bool = False, folder: Path
    ) -> None:
        self.host, self.port = host, free_port()
        self.answers: list[str] = []
        self.received: list[Received] = []
        self.logins: list[Any] = []
        #: A file to trust this server by.
        self.certificate = folder / "certificate.pem"
        context = self._context() if tls != "none" else None
        self._controller = Controller(
            self,
            hostname=host,
            port=self.port,
            ssl_context=context if tls == "implicit" else None,
            tls_context=context if tls == "starttls" else None,
            auth_required=login,
            auth_require_tls=tls == "starttls",
            authenticator=self._authenticate if login else None,
        )

    def start(self) -> SmtpServer:
        self._controller.start()
        return self

    def stop(self) -> None:
        self._controller.stop()

    def url(self, scheme: str = "smtp", *, user: str = "", query: str = "") -> str:
        return f"{scheme}://{user}{self.host}:{self.port}{query}"

    def wait(self, count: int = 1) -> Received:
        """The newest of at least ``count`` mails."""
        wait_until(lambda: len(self.received) >= count, f"{count} mail(s) handed in")
        return self.received[-1]

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        raw = envelope.original_content or b""
        if "{text}" in answer:  # what a server says of a mail may quote it
            words = raw.decode().split()
            answer = answer.format(text=next(word for word in words if "token=" in word))
        if answer.startswith("250"):
            self.received.append(
                Received(
                    read(raw),
                    envelope.mail_from or "",
                    list(envelope.rcpt_tos),
                    session.ssl is not None or self._controller.ssl_context is not None,
                    bool(session.authenticated),
                )
            )
        return answer

    def _authenticate(self, *args: Any) -> AuthResult:
        given = args[4]
        self.logins.append(given)
        right = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=given == right, handled=False)

    def _context(self) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=2))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(self.host))]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file = self.certificate.with_name("key.pem")
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key_file)
        return context
