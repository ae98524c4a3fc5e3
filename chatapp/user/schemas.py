"""What comes in for people."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from chatapp.paging import PageQuery
from chatapp.validation import BlankIsNone, Line, clean


class Farewell(BaseModel):
    """One's password, to prove that it is oneself who leaves; none where the account has none."""

    password: Annotated[
        Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
    ] = None


class DirectoryQuery(PageQuery):
    """A page of the directory, of those whose name or username contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
