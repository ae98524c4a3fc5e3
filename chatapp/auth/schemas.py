"""What comes in for accounts."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import email_validator
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from chatapp.core.paging import PageQuery
from chatapp.core.validation import BlankIsNone, Line, Name, Uuid, clean, cleaned
from chatapp.text.visible_text import MOST_GIVEN, visible_line

PASSWORD_LEAST, PASSWORD_MOST = 8, 128
NAME_MOST, PICTURE_MOST = 80, 2000
DAY = 86_400
USERNAME = re.compile(r"[a-z0-9_.-]{3,30}")
#: No name before the host, and nothing that could end an attribute or a `url()`.
PICTURE = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[!#-&*-;=?-Z_a-z~]*)?", re.IGNORECASE)

# A team's own network has addresses that the public one can't have.
for _domain in ("local", "test"):
    if _domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_domain)


@cache
def _common_passwords() -> frozenset[str]:
    """The 3,000 most common of at least 8 characters, by the list of zxcvbn (MIT licence)."""
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def _email(text: str) -> str:
    try:
        found = email_validator.validate_email(clean(text).strip(), check_deliverability=False)
    except email_validator.EmailNotValidError:
        raise ValueError("This isn't an e-mail address; one looks like ada@example.org") from None
    return found.normalized.lower()


def _username(text: str) -> str:
    text = clean(text).strip().lower()
    if not USERNAME.fullmatch(text):
        raise ValueError("A username has 3 to 30 of a-z, 0-9, _, . and -")
    return text


def _password(text: str) -> str:
    text = clean(text)
    if len(text) < PASSWORD_LEAST:
        raise ValueError(f"A password has at least {PASSWORD_LEAST} characters")
    if len(text) > PASSWORD_MOST:
        raise ValueError(f"A password has at most {PASSWORD_MOST} characters")
    if text.lower() in _common_passwords():
        raise ValueError("This password is one of the most common: please choose another")
    return text


def _folded(text: str) -> str:
    return clean(text).strip().lower()


def _verified(value: object) -> bool:
    """Some providers write it as text."""
    return value is True or value == "true"


def _picture(value: object) -> str | None:
    """A picture's https address; anything else is no picture."""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= PICTURE_MOST and PICTURE.fullmatch(text) else None


def _given_name(value: object) -> str | None:
    """A name as a profile may hold it; what the provider says is cut to that."""
    text = value if isinstance(value, str) else ""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return None
    return visible_line(clean(text[:MOST_GIVEN]))[:NAME_MOST].strip() or None


def _subject(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("A subject is printable ASCII")
    return text


Password = Annotated[str, AfterValidator(_password)]
Email = Annotated[str, AfterValidator(_email)]
Username = Annotated[str, AfterValidator(_username)]


class NewPerson(BaseModel):
    """A new account, perhaps without an address."""

    email: Annotated[Email | None, BlankIsNone] = None
    password: Password
    name: Annotated[Name | None, BlankIsNone] = None
    username: Annotated[Username | None, BlankIsNone] = None


class Registration(NewPerson):
    """A new account; a missing name or username is made from the rest."""

    email: Email


Invited = Annotated[
    Annotated[str, AfterValidator(clean), Field(max_length=200)] | None, BlankIsNone
]


class Visitor(Registration):
    """A new account for somebody who came by, perhaps with an invitation."""

    invitation: Invited = None


class NamedVisitor(NewPerson):
    """The same for somebody who is known by a username alone."""

    username: Username
    invitation: Invited = None


class OpenIdClaims(BaseModel):
    """What an OpenID provider says of someone. Name and picture are taken where they are usable."""

    subject: Annotated[
        str, Field(alias="sub", min_length=1, max_length=255), AfterValidator(_subject)
    ]
    email: Annotated[str, AfterValidator(_email)] | None = None
    email_verified: Annotated[bool, BeforeValidator(_verified)] = False
    name: Annotated[str | None, BeforeValidator(_given_name)] = None
    picture: Annotated[str | None, BeforeValidator(_picture)] = None


class Confirmation(BaseModel):
    """One's password, to prove that it is oneself; missing where the account has none."""

    password: Annotated[
        Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
    ] = None


class Disconnection(BaseModel):
    """Which account elsewhere shall be connected no more."""

    id: Uuid


#: What somebody is known by: their address or their username.
KnownBy = Annotated[str, AfterValidator(_folded), Field(min_length=1, max_length=254)]
GivenPassword = Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=1024)]


class Credentials(BaseModel):
    """Who wants in; ``email`` may be the username."""

    email: KnownBy
    password: GivenPassword


class PasswordChange(BaseModel):
    """A new password; ``current_password`` is needed where the account has one."""

    password: Password
    current_password: Annotated[
        Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
    ] = None


ExternalId = Annotated[str, BeforeValidator(cleaned), Field(min_length=1, max_length=255)]


class NewServiceUser(BaseModel):
    """Somebody as an outer application knows them, perhaps without an address."""

    email: Annotated[Annotated[str, AfterValidator(_email)] | None, BlankIsNone] = None
    username: Username
    name: Name
    external_id: ExternalId


class TokenRequest(BaseModel):
    """Whose token a service wants, by either id, and for how many seconds."""

    user_id: Uuid | None = None
    external_id: ExternalId | None = None
    expires_in: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if self.user_id is None and self.external_id is None:
            raise ValueError("Say whose token: user_id or external_id")
        return self


class LinkToken(BaseModel):
    """The token of a link from a mail."""

    token: Annotated[str, Field(max_length=200)]


class Forgotten(BaseModel):
    """Whose password is forgotten."""

    email: Email


class NewPassword(LinkToken):
    """A link's token, and the password to have from now on."""

    password: Password


class NewInvitation(BaseModel):
    """How many may register by it, for how many seconds, and whether one address only."""

    uses: Annotated[int, Field(ge=1, le=1000)] = 1
    expires_in: Annotated[int, Field(ge=60, le=90 * DAY)] = 7 * DAY
    email: Annotated[Email | None, BlankIsNone] = None


class SetupCode(BaseModel):
    """The code that the first start printed."""

    code: Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=100)]


class AccountChange(BaseModel):
    """What an administrator may set of an account."""

    is_active: bool | None = None
    is_staff: bool | None = None


class AccountsQuery(PageQuery):
    """A page of the accounts whose name, username or address contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""


class EmailChange(BaseModel):
    """The address to have; ``password`` is needed where the account has one."""

    email: Email
    password: Annotated[
        Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
    ] = None
