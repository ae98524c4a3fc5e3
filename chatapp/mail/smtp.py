"""Where mail goes: through an SMTP server, or without one into the log and a folder."""

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
from config import Settings
from config_values import MailServer

log = logging.getLogger(__name__)

#: Seconds that a mail server may take for one answer.
PATIENCE = 30
#: Mails that are kept in the folder; older ones make room.
MOST_KEPT = 200


class Refused(Exception):
    """The server won't have this mail: trying again changes nothing."""


def deliver(settings: Settings, message: EmailMessage, name: str) -> None:
    """The mail is handed in, or kept under a name with ``name`` in it.

    Raises Refused where the server refuses it for good, anything else where another try may help.
    """
    if settings.smtp_url is None:
        _keep(settings.instance_dir / "mail", message, name)
        return
    try:
        _hand_in(settings.smtp_url, message, _own_name(settings.base_url))
    except smtplib.SMTPRecipientsRefused as exc:
        ((code, words),) = exc.recipients.values()
        raise _judged(code, words) from None
    except smtplib.SMTPResponseException as exc:
        raise _judged(exc.smtp_code, exc.smtp_error) from None
    except smtplib.SMTPNotSupportedError as exc:
        raise Refused(str(exc)) from None
    log.info("mail to %s is handed in", message["To"], extra={"template": name})


def _hand_in(server: MailServer, message: EmailMessage, own_name: str) -> None:
    context = ssl.create_default_context()
    if not server.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    encrypted = server.tls == "always"
    line: smtplib.SMTP = (
        smtplib.SMTP_SSL(server.host, server.port, own_name, timeout=PATIENCE, context=context)
        if encrypted
        else smtplib.SMTP(server.host, server.port, own_name, timeout=PATIENCE)
    )
    try:
        line.ehlo_or_helo_if_needed()
        if not encrypted and line.has_extn("starttls"):
            line.starttls(context=context)
        elif server.tls == "required":
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")
        if server.user:
            line.login(server.user, server.password or "")
        line.send_message(message)
        with suppress(smtplib.SMTPException, OSError):
            line.quit()  # the mail is the server's already: a rude goodbye is no reason to repeat
    finally:
        line.close()


def _judged(code: int, words: bytes | str) -> Exception:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    kind = Refused if code >= 500 else OSError
    return kind(f"{code} {text}")


def _own_name(base_url: str) -> str:
    """How we introduce ourselves: never by the machine's name, whose look-up may take long."""
    name = urlsplit(base_url).hostname or "localhost"
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _keep(folder: Path, message: EmailMessage, name: str) -> None:
    """The mail as a file of its own, and its words in the log: without a server they help on."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{now():%Y%m%dT%H%M%S.%f}-{name}-{secrets.token_hex(4)}.eml"
    unfinished = path.with_suffix(".part")
    file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as out:
        out.write(message.as_bytes(policy=policy.SMTPUTF8))
    unfinished.rename(path)
    for old in sorted(folder.glob("*.eml"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)
    text = message.get_body(("plain",))
    words = " ".join(text.get_content().split()) if text else ""
    log.info("no SMTP_URL: mail to %s isn't sent: %s", message["To"], words, extra={"kept": path})
