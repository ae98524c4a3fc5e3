"""Input for administration and for the first start."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from chatapp.auth.fields import Email
from chatapp.core.paging import PageQuery
from chatapp.core.validation import BlankIsNone, Line, clean

DAY_SECONDS = 86_400


class NewInvitation(BaseModel):
    """How many people may register with it, for how many seconds, and perhaps for one email."""

    uses: Annotated[int, Field(ge=1, le=1000)] = 1
    expires_in: Annotated[int, Field(ge=60, le=90 * DAY_SECONDS)] = 7 * DAY_SECONDS
    email: Annotated[Email | None, BlankIsNone] = None


class SetupCode(BaseModel):
    """The code that the first start prints."""

    code: Annotated[str, AfterValidator(clean), Field(min_length=1, max_length=100)]


class AccountChange(BaseModel):
    """What an administrator may change about an account."""

    is_active: bool | None = None
    is_staff: bool | None = None


class AccountsQuery(PageQuery):
    """A page of accounts whose name, username or email contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
