"""Parse the settings of outgoing mail."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from chatapp.settings.parsers import line
from chatapp.settings.urls import host, service_url


@dataclass(frozen=True)
class MailServer:
    """The server that takes outgoing mail, and when the connection to it is encrypted."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Literal["always", "required", "offered"]
    verify: bool


def smtp_url(value: str) -> MailServer:
    """Parse an smtp: or smtps: address.

    A password leaves this computer only encrypted. On this computer itself the certificate isn't
    checked: the one that comes with a system's own mail server proves nothing.
    """
    service_url("smtp", "smtps")(value)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("it can't be read as an address") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("it names no host, or has more than user, password, host and port")
    given = parse_qs(parts.query, keep_blank_values=True)
    options = {name: values[-1] for name, values in given.items()}
    if not {"tls": "required", "verify": "off"}.items() >= options.items():
        raise ValueError("the only parameters are tls=required and verify=off")
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    user = unquote(parts.username) if parts.username else None
    tls: Literal["always", "required", "offered"]
    if parts.scheme == "smtps":
        tls = "always"
    else:
        tls = "required" if "tls" in options or (user and not local) else "offered"
    return MailServer(
        host=host(parts.hostname),
        port=port or (465 if tls == "always" else 587),
        user=user,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        verify=not local and "verify" not in options,
    )


def mailbox(value: str) -> str:
    """Parse an email address, alone or as `Name <address>`."""
    match = re.fullmatch(r"(?:\"?([^<>\"]*?)\"?\s*<([^<>]+)>|([^<>\s]+))", line(value))
    if match is None:
        raise ValueError
    name, address = match[1], match[2] or match[3]
    if not re.fullmatch(r"[!#-'*+./0-9=?A-Z^-~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", address):
        raise ValueError
    return f"{name} <{address}>" if name else address
