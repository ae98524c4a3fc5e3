"""Input for invitations, registering, logging in and changing a password."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

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

DAY_SECONDS = 86_400


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


class NewInvitation(BaseModel):
    """How many people may register with it, for how many seconds, and perhaps for one email."""

    uses: Annotated[int, Field(ge=1, le=1000)] = 1
    expires_in: Annotated[int, Field(ge=60, le=90 * DAY_SECONDS)] = 7 * DAY_SECONDS
    email: Annotated[Email | None, BlankIsNone] = None
