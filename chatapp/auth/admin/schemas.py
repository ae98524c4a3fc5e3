"""Input for administration and for the first start."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from chatapp.core.paging import PageQuery
from chatapp.core.validation import Line, clean


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
