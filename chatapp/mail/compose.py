"""Mail to one person, as text and HTML from `templates/mail/`, sent in the background.

Templates know the values they are given and nothing that a stranger chose: an account's name or
username would let anybody write to any address in this server's name.
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

#: Seconds before each further try.
WAITS = (1, 10, 60, 300, 900)


@dataclass(frozen=True, slots=True)
class Mail:
    """What to send: the template's name, to whom, and its values.

    ``secret`` stands in the mail and nowhere else, whatever a mail server answers.
    """

    template: str
    to: str
    values: Mapping[str, str]
    secret: str | None = None


def send(template: str, to: str, *, secret: str | None = None, **values: str) -> None:
    """This mail leaves once the surrounding `atomic()` has committed.

    It is tried a few times with growing waits; what fails for good is logged.
    """
    mail = Mail(template, to, values, secret)
    after_commit(lambda: _queue(mail))


def link(path: str, **query: str) -> str:
    """An address of this site for a mail: built from BASE_URL, never from what a request says."""
    return _settings().base_url + path + (f"?{urlencode(query)}" if query else "")


def compose(mail: Mail) -> EmailMessage:
    """The mail, ready to be handed in. Raises ValueError for an address that can't be one."""
    sender_name, sender = parseaddr(_settings().mail_from)
    to = validate_email(mail.to, check_deliverability=False)
    message = EmailMessage(policy=policy.SMTP)
    # Address and the policy refuse line breaks: no value becomes a header of its own.
    message["From"] = Address(sender_name, addr_spec=sender)
    message["To"] = Address(username=to.local_part, domain=to.ascii_domain)
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    site = _settings().base_url
    words = current_app.jinja_env.get_template(f"mail/{mail.template}.txt").make_module(
        {**mail.values, "site": site}
    )
    subject: str = words.subject  # type: ignore[attr-defined]
    message["Subject"] = subject
    html = current_app.jinja_env.get_template(f"mail/{mail.template}.html").render(
        {**mail.values, "site": site, "subject": subject}
    )
    # Plain ASCII stays as it is, or an operator who opens the file finds the link cut in pieces.
    text = str(words).strip() + "\n"
    message.set_content(text, cte="7bit" if text.isascii() else None)
    message.add_alternative(html, subtype="html", cte="7bit" if html.isascii() else None)
    return message


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def _queue(mail: Mail, message: EmailMessage | None = None, tries: int = 0) -> None:
    after = WAITS[tries - 1] if tries else 0
    runner.run(lambda: _try(mail, message, tries), after=after)


def _try(mail: Mail, message: EmailMessage | None, tries: int) -> None:
    details = {"template": mail.template, "to": mail.to}
    try:
        message = message or compose(mail)  # once, so that a second copy has the same id
        backends.deliver(_settings(), message, mail.template)
    except backends.Refused as exc:
        log.error("mail was refused: %s", _safe(exc, mail), extra=details)
    except Exception as exc:
        if tries == len(WAITS):
            log.error("mail isn't sent: %s", _safe(exc, mail), extra=details)
            return
        log.warning("mail is tried again: %s", _safe(exc, mail), extra=details)
        _queue(mail, message, tries + 1)


def _safe(exc: Exception, mail: Mail) -> str:
    """What went wrong, without what only the mail may say: a server may quote it."""
    text = f"{type(exc).__name__}: {exc}"
    return text.replace(mail.secret, "…") if mail.secret else text
