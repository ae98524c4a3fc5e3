"""Input for registering, logging in and changing a password."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel

from chatapp.auth.fields import (
    Email,
    EmailOrUsername,
    EnteredPassword,
    InvitationToken,
    OptionalPassword,
    Password,
    Username,
)
from chatapp.core.validation import BlankIsNone, Name


class RegistrationBase(BaseModel):
    """A new account. A missing name or username is derived from the other fields."""

    email: Annotated[Email | None, BlankIsNone] = None
    password: Password
    name: Annotated[Name | None, BlankIsNone] = None
    username: Annotated[Username | None, BlankIsNone] = None


class Registration(RegistrationBase):
    """A new account with an email address."""

    email: Email


class SelfRegistration(Registration):
    """A new account that its owner creates, perhaps with an invitation."""

    invitation: InvitationToken = None


class UsernameRegistration(RegistrationBase):
    """The same for a person who is known by username and may have no email address."""

    username: Username
    invitation: InvitationToken = None


class Credentials(BaseModel):
    """What a person logs in with; ``email`` may be the username."""

    email: EmailOrUsername
    password: EnteredPassword


class PasswordConfirmation(BaseModel):
    """The current password, which confirms a sensitive action; missing if the account has none."""

    password: OptionalPassword = None


class PasswordChange(BaseModel):
    """A new password; ``current_password`` is required if the account has one."""

    password: Password
    current_password: OptionalPassword = None
