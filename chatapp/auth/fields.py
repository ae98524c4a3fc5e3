"""Field types that validate emails, usernames and passwords."""

from __future__ import annotations

import re
from typing import Annotated

import email_validator
from pydantic import AfterValidator, BeforeValidator, Field

from chatapp.auth.password_rules import check_new_password
from chatapp.core.validation import BlankIsNone, clean, clean_if_text

_USERNAME = re.compile(r"[a-z0-9_.-]{3,30}")


# Allow domains that only exist on a team's own network.
for _domain in ("local", "test"):
    if _domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_domain)


def normalize_email(text: str) -> str:
    """Return the email address in lower case and normal form. Raises ValueError."""
    try:
        found = email_validator.validate_email(clean(text).strip(), check_deliverability=False)
    except email_validator.EmailNotValidError:
        raise ValueError("Enter an email address, such as ada@example.org") from None
    return found.normalized.lower()


def _normalize_username(text: str) -> str:
    text = clean(text).strip().lower()
    if not _USERNAME.fullmatch(text):
        raise ValueError("Use 3 to 30 characters: a-z, 0-9, _, . and -")
    return text


def _fold(text: str) -> str:
    return clean(text).strip().lower()


Email = Annotated[str, AfterValidator(normalize_email)]
Username = Annotated[str, AfterValidator(_normalize_username)]
#: A new password, which has to be strong enough.
Password = Annotated[str, AfterValidator(check_new_password)]
#: What a person types to log in. Not checked for form: it may be either of the two.
EmailOrUsername = Annotated[str, AfterValidator(_fold), Field(min_length=1, max_length=254)]
#: An existing password. It may be older than today's rules for new ones.
EnteredPassword = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=1024)]
#: The same, missing where the account has no password.
OptionalPassword = Annotated[
    Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
]
InvitationToken = Annotated[
    Annotated[str, AfterValidator(clean), Field(max_length=200)] | None, BlankIsNone
]
#: What an external application calls a user.
ExternalId = Annotated[str, BeforeValidator(clean_if_text), Field(min_length=1, max_length=255)]
