"""Input for links that are sent by email."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from chatapp.auth.fields import Email, OptionalPassword, Password


class LinkToken(BaseModel):
    """The token of a mailed link."""

    token: Annotated[str, Field(max_length=200)]


class PasswordResetRequest(BaseModel):
    """The email address of an account whose password was forgotten."""

    email: Email


class PasswordReset(LinkToken):
    """A mailed link's token and the new password."""

    password: Password


class EmailChange(BaseModel):
    """The new email address; ``password`` is required if the account has one."""

    email: Email
    password: OptionalPassword = None
