"""What comes in for people."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from chatapp.paging import PageQuery
from chatapp.validation import Line


class Farewell(BaseModel):
    """One's password, to prove that it is oneself who deletes the account."""

    password: Annotated[str, Field(min_length=1, max_length=1024)]


class DirectoryQuery(PageQuery):
    """A page of the directory, of those whose name or username contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
