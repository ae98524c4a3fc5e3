"""Deliver mail through an SMTP server; without one, to the log and a folder."""

from __future__ import annotations

import ipaddress
import logging
import os
import secrets
import smtplib
import ssl
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from chatapp.core.db import now
from config import MailServer, Settings

log = logging.getLogger(__name__)

#: How long a mail server may take for one answer.
TIMEOUT_SECONDS = 30
#: How many mails are kept in the folder; older ones are deleted.
MAX_KEPT = 200


class Refused(Exception):
    """The server rejected this mail for good: a retry won't help."""


def deliver(settings: Settings, message: EmailMessage, name: str) -> None:
    """Send the message, or save it under a file name that contains ``name``.

    Raises Refused if the server rejects it for good, any other exception if a retry may help.
    """
    if settings.smtp_url is None:
        _save(settings.instance_dir / "mail", message, name)
        return
    try:
        _submit(settings.smtp_url, message, _helo_name(settings.base_url))
    except smtplib.SMTPRecipientsRefused as exc:
        ((code, text),) = exc.recipients.values()
        raise _error_for(code, text) from None
    except smtplib.SMTPResponseException as exc:
        raise _error_for(exc.smtp_code, exc.smtp_error) from None
    except smtplib.SMTPNotSupportedError as exc:
        raise Refused(str(exc)) from None
    log.info("mail to %s was sent", message["To"], extra={"template": name})


def _submit(server: MailServer, message: EmailMessage, own_name: str) -> None:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    encrypted = server.tls == "always"
    client: smtplib.SMTP = (
        smtplib.SMTP_SSL(
            server.host, server.port, own_name, timeout=TIMEOUT_SECONDS, context=context
        )
        if encrypted
        else smtplib.SMTP(server.host, server.port, own_name, timeout=TIMEOUT_SECONDS)
    )
    try:
        client.ehlo_or_helo_if_needed()
        if not encrypted and client.has_extn("starttls"):
            client.starttls(context=context)
        elif server.tls == "required":
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")
        if server.user:
            client.login(server.user, server.password or "")
        client.send_message(message)
        with suppress(smtplib.SMTPException, OSError):
            client.quit()  # the server has the mail already, so an error here is no reason to retry
    finally:
        client.close()


def _error_for(code: int, text: bytes | str) -> Exception:
    shown = text.decode(errors="replace") if isinstance(text, bytes) else text
    kind = Refused if code >= 500 else OSError
    return kind(f"{code} {shown}")


def _helo_name(base_url: str) -> str:
    """Return the name to greet a server with; looking up the machine's own name may take long."""
    name = urlsplit(base_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _save(folder: Path, message: EmailMessage, name: str) -> None:
    """Save the mail as a file and log its text, so that links work without a mail server."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{now():%Y%m%dT%H%M%S.%f}-{name}-{secrets.token_hex(4)}.eml"
    unfinished = path.with_suffix(".part")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(message.as_bytes(policy=policy.SMTPUTF8))
    unfinished.rename(path)
    for old in sorted(folder.glob("*.eml"))[:-MAX_KEPT]:
        old.unlink(missing_ok=True)
    text = message.get_body(("plain",))
    content = " ".join(text.get_content().split()) if text else ""
    log.info("no SMTP_URL: mail to %s isn't sent: %s", message["To"], content, extra={"kept": path})
