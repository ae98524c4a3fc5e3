"""Input from external applications that call with a service token."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from chatapp.auth.fields import Email, ExternalId, Username
from chatapp.core.validation import BlankIsNone, Name, Uuid


class NewServiceUser(BaseModel):
    """A user of the external application, perhaps without an email address."""

    email: Annotated[Email | None, BlankIsNone] = None
    username: Username
    name: Name
    external_id: ExternalId


class TokenRequest(BaseModel):
    """The user to issue a token for, by either id, and its lifetime in seconds."""

    user_id: Uuid | None = None
    external_id: ExternalId | None = None
    expires_in: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _require_an_id(self) -> Self:
        if self.user_id is None and self.external_id is None:
            raise ValueError("Give a user_id or an external_id")
        return self
