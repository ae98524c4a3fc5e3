"""Mail as a server without SMTP_URL keeps it: what was sent to whom, and the links in it."""

from __future__ import annotations

import email
import re
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.support.waiting import wait_until

_ADDRESS = re.compile(r"https?://\S+")


class Mailbox:
    """The mails in an instance's folder, oldest first."""

    def __init__(self, instance: Path) -> None:
        self.folder = instance / "mail"

    def to(self, address: str, subject: str = "") -> list[EmailMessage]:
        """Mails to this address so far, those with these words in their subject."""
        messages = []
        for path in sorted(self.folder.glob("*.eml")):
            with suppress(FileNotFoundError):  # only so many are kept
                messages.append(read(path.read_bytes()))
        return [one for one in messages if one["To"] == address and subject in one["Subject"]]

    def wait(self, address: str, subject: str = "", count: int = 1) -> EmailMessage:
        """The newest of at least ``count`` such mails."""
        found: list[EmailMessage] = []

        def there() -> bool:
            found[:] = self.to(address, subject)
            return len(found) >= count

        wait_until(there, f"{count} mail(s) to {address} about {subject!r}")
        return found[-1]

    def token(self, address: str, subject: str, count: int = 1) -> str:
        """The token of the link in the newest of such mails."""
        return token_in(self.wait(address, subject, count))

    def clear(self) -> None:
        """Throw everything away."""
        for path in self.folder.glob("*.eml"):
            path.unlink(missing_ok=True)


CONFIRM, RESET = "Confirm your email address", "Choose a new password"


def read(raw: bytes) -> EmailMessage:
    """The mail, as a program that receives it reads it."""
    return email.message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def words(message: EmailMessage, kind: str = "plain") -> str:
    """One of the two forms that every mail has."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def link_in(message: EmailMessage) -> str:
    """The link that the mail is about: the one with a line of its own."""
    (line,) = (line for line in words(message).splitlines() if _ADDRESS.fullmatch(line))
    return line


def token_in(message: EmailMessage) -> str:
    """The token in the mail's link."""
    (token,) = parse_qs(urlsplit(link_in(message)).query)["token"]
    return token
