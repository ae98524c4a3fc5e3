"""Check that the database is ours, and migrate it to this version."""

from __future__ import annotations

import dataclasses
from collections.abc import Set

from chatapp.ops.database_state import PostgreSQL, SQLite, State
from chatapp.ops.errors import NotReady
from chatapp.ops.revisions import MIGRATIONS, read_revisions
from chatapp.security import setup_code
from config import Settings, masked

# Another program that uses Alembic may well have a revision 0001 too.
_OUR_TABLES = {"users", "conversations", "messages"}


def prepare_database(settings: Settings) -> None:
    """Bring the database to the newest revision of `migrations/`.

    Raises NotReady, and has changed nothing, when it can't be reached or isn't ours.
    """
    database = (SQLite if settings.database_url.startswith("sqlite") else PostgreSQL)(settings)
    followed = read_revisions()
    heads = followed.keys() - {down for several in followed.values() for down in several}
    if _checked_state(database, followed.keys(), settings).revisions == heads:
        return
    with database.lock():
        # Another start may have migrated while this one waited.
        if _checked_state(database, followed.keys(), settings).revisions != heads:
            database.create_schema()
            _migrate(settings)


def _checked_state(database: SQLite | PostgreSQL, known: Set[str], settings: Settings) -> State:
    """Return the database's state. Raises NotReady when it holds tables that aren't ours."""
    state = database.state()
    others = sorted(state.tables - {"alembic_version"})
    ours = state.revisions and state.revisions <= known and state.tables >= _OUR_TABLES
    if others and not ours:
        some = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        noted = ", ".join(sorted(state.revisions))
        by = f"by another program or a newer chatapp (revision {noted})" if noted else "elsewhere"
        raise NotReady(
            f"the database {masked(settings.database_url)} holds tables that were made {by}:\n"
            f"{some}\nIt was left as it is. Set DATABASE_URL to a database of chatapp's own"
            f"{database.hint}."
        )
    return state


def _migrate(settings: Settings) -> None:
    import flask_migrate

    from chatapp import create_app

    # This process serves nobody and isn't patched.
    app = create_app(dataclasses.replace(settings, concurrency="threads"))
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        from chatapp.auth.admin.accounts import has_administrator

        if not has_administrator():
            setup_code.make(settings.instance_dir)
