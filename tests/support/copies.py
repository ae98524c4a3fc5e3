"""Rows that were made once by the public doors, put down again for every test that wants them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import flask
from sqlalchemy import Table, insert, select

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Copy:
    """What is called otherwise in a copy, by what it was called first."""

    ids: dict[str, str]
    conversations: dict[int, int]
    #: By the person's first id, a token that counts.
    tokens: dict[str, str]


class Copies:
    """All that stands in the database when this is made, to be had again.

    Nothing in a copy bears an id that the process has met before, and all of it happened just now.
    """

    def __init__(self, app: flask.Flask) -> None:
        from chatapp.core.db import now
        from chatapp.extensions import db

        self._app = app
        self._taken_at = now()
        self._rows: list[tuple[Table, list[dict[str, Any]]]] = []
        with app.app_context(), db.engine.connect() as connection:
            for table in db.metadata.sorted_tables:
                found = [dict(row._mapping) for row in connection.execute(select(table))]
                if found:
                    self._rows.append((table, found))
        rows = next(rows for table, rows in self._rows if table.name == "users")
        self._users = sorted(row["id"] for row in rows)

    def make(self) -> Copy:
        """The rows are in the database once more."""
        from chatapp.core.db import now
        from chatapp.extensions import db
        from chatapp.security import access_tokens

        copy = Copy({}, {}, {})
        with self._app.app_context(), db.engine.begin() as connection:
            users = [
                row["id"] for table, rows in self._rows for row in rows if table.name == "users"
            ]
            # The key of a one-to-one conversation has both ids in order, so they stay in order.
            copy.ids.update(zip(sorted(users), sorted(str(uuid4()) for _ in users), strict=True))
            for table, rows in self._rows:
                if table.name == "sign_ins":
                    for row in rows:
                        signed = access_tokens.sign(copy.ids[row["user_id"]])
                        copy.ids[row["id"]] = signed.id
                        copy.tokens[row["user_id"]] = signed.text
                later = now() - self._taken_at
                copied = [self._copied(table, row, copy, later) for row in rows]
                if table.name == "conversations":
                    for row, new in zip(rows, copied, strict=True):
                        del new["id"]
                        made = connection.execute(insert(table).values(new)).inserted_primary_key
                        copy.conversations[row["id"]] = made[0]
                else:
                    connection.execute(insert(table), copied)
        return copy

    @staticmethod
    def _copied(table: Table, row: dict[str, Any], copy: Copy, later: timedelta) -> dict[str, Any]:
        def renamed(found: re.Match[str]) -> str:
            return copy.ids.setdefault(found[0], str(uuid4()))

        def new(name: str, value: Any) -> Any:
            if isinstance(value, str):
                return _UUID.sub(renamed, value)
            if isinstance(value, datetime):
                return value + later
            return copy.conversations[value] if name == "conversation_id" else value

        return {name: new(name, value) for name, value in row.items()}
