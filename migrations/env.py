"""Run migrations on the application's own engine, each in one transaction."""

from __future__ import annotations

from typing import Any

from alembic import context
from flask import current_app

db = current_app.extensions["migrate"].db


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Render our column types as plain SQLAlchemy, because migrations outlive today's classes."""
    from chatapp.core.db import UtcDateTime

    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Any) -> None:
    """Migrate the database behind ``connection`` to the revision that the command line names."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        compare_type=True,
        render_as_batch=True,  # SQLite alters a table by recreating it
        render_item=render_item,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Run migrations against a database: they may depend on its contents.")
given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.engine.connect() as connection:
        run(connection)
