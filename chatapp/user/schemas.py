"""What comes in for people."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chatapp.paging import PageQuery
from chatapp.validation import Line


class DirectoryQuery(PageQuery):
    """A page of the directory, of those whose name or username contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
