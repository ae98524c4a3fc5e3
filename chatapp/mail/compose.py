"""Compose mail from `templates/mail/`, as text and HTML, and send it in the background.

Templates get nothing that a stranger chose: with an account's name or username in it, anybody could
write to any address in this server's name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parseaddr
from urllib.parse import urlencode

from email_validator import validate_email
from flask import current_app

from chatapp.core.db import after_commit, now
from chatapp.jobs import runner
from chatapp.mail import smtp as backends
from config import Settings

log = logging.getLogger(__name__)

_PLAIN_QUOTES = str.maketrans("’‘“”", "''\"\"")
#: Seconds to wait before each retry.
RETRY_DELAYS = (1, 10, 60, 300, 900)


@dataclass(frozen=True, slots=True)
class Mail:
    """The name of a template, the recipient and the values.

    ``secret`` must appear in the mail only, never in a log, whatever a mail server answers.
    """

    template: str
    to: str
    values: Mapping[str, str]
    secret: str | None = None


def send(template: str, to: str, *, secret: str | None = None, **values: str) -> None:
    """Send this mail once the surrounding `atomic()` has committed.

    Failed attempts are repeated with growing delays; a final failure is logged.
    """
    mail = Mail(template, to, values, secret)
    after_commit(lambda: _deliver_later(mail))


def absolute_url(path: str, **query: str) -> str:
    """Return an address on this site for a mail, built from BASE_URL and never from a request."""
    return _settings().base_url + path + (f"?{urlencode(query)}" if query else "")


def compose(mail: Mail) -> EmailMessage:
    """Return the message, ready to be sent. Raises ValueError for an invalid address."""
    sender_name, sender = parseaddr(_settings().mail_from)
    to = validate_email(mail.to, check_deliverability=False)
    message = EmailMessage(policy=policy.SMTP)
    # Address and the policy refuse line breaks, so no value can add a header.
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(username=to.local_part, domain=to.ascii_domain)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    site = _settings().base_url
    content = current_app.jinja_env.get_template(f"mail/{mail.template}.txt").make_module(
        {**mail.values, "site": site}
    )
    subject: str = content.subject  # type: ignore[attr-defined]
    message["Subject"] = subject
    html = current_app.jinja_env.get_template(f"mail/{mail.template}.html").render(
        {**mail.values, "site": site, "subject": subject}
    )
    # Send plain ASCII. An encoding would break links into pieces, so that an operator couldn't open
    # one from a file, nor a secret be recognised in the answer of a server.
    text = str(content).strip().translate(_PLAIN_QUOTES) + "\n"
    html = html.encode("ascii", "xmlcharrefreplace").decode()
    message.set_content(text, cte="7bit" if text.isascii() else None)
    message.add_alternative(html, subtype="html", cte="7bit")
    return message


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _deliver_later(mail: Mail, message: EmailMessage | None = None, tries: int = 0) -> None:
    after = RETRY_DELAYS[tries - 1] if tries else 0
    runner.run_later(lambda: _deliver(mail, message, tries), after=after)


def _deliver(mail: Mail, message: EmailMessage | None, tries: int) -> None:
    details = {"template": mail.template, "to": mail.to}
    try:
        message = message or compose(mail)  # once, so that a retry has the same id
        backends.deliver(_settings(), message, mail.template)
    except backends.Refused as exc:
        log.error("mail was refused: %s", _without_secret(exc, mail), extra=details)
    except Exception as exc:
        if tries == len(RETRY_DELAYS):
            log.error("mail could not be sent: %s", _without_secret(exc, mail), extra=details)
            return
        log.warning("mail will be retried: %s", _without_secret(exc, mail), extra=details)
        _deliver_later(mail, message, tries + 1)


def _without_secret(exc: Exception, mail: Mail) -> str:
    """Describe the error without the mail's secret, which a server may quote."""
    text = f"{type(exc).__name__}: {exc}"
    return text.replace(mail.secret, "…") if mail.secret else text
